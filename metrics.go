package edgemanage

import (
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// What is counted as it happens. Everything that stands for the present comes from the collector.
var (
	probes = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "probes_total",
		Help: "Counter of probes by outcome; local is trouble of this host and no sample.",
	}, []string{"network", "family", "outcome"})

	probeDuration = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "probe_duration_seconds",
		Buckets: plugin.TimeBuckets, NativeHistogramBucketFactor: plugin.NativeHistogramBucketFactor,
		Help: "Histogram of the time that the phases of probes took: dns, connect, tls, first_byte, body.",
	}, []string{"network", "phase"})

	changes = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "changes_total",
		Help: "Counter of edges that entered or left a live set, by reason.",
	}, []string{"network", "reason"})

	changesHeld = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "changes_held_total",
		Help: "Counter of substitutions that the budget of changes held back.",
	}, []string{"network"})

	notifyErrors = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "notify_errors_total",
		Help: "Counter of NOTIFYs that a secondary did not acknowledge, each try.",
	}, []string{"network", "address"})

	zoneFileErrors = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "zonefile_errors_total",
		Help: "Counter of failures to write zone files, each kind in a row once.",
	}, []string{"network"})

	fileErrors = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "file_errors_total",
		Help: "Counter of failures to write the live list or the files of legacy, each row once.",
	}, []string{"network"})

	runErrors = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "run_errors_total",
		Help: "Counter of commands of run that failed, or that were dropped because too many waited.",
	}, []string{"network"})

	webhookErrors = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "webhook_errors_total",
		Help: "Counter of posts that a webhook did not take, each try.",
	}, []string{"network"})

	webhookDropped = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "webhook_dropped_total",
		Help: "Counter of events that a webhook will never get: all tries failed, or too many waited.",
	}, []string{"network"})

	reloadErrors = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "reload_errors_total",
		Help: "Counter of files that moved and could not be taken up.",
	}, []string{"file"})
)

func countProbe(name string, e network.Probed) {
	probes.WithLabelValues(name, e.Family.String(), e.Result.Outcome.String()).Inc()
	for _, phase := range []struct {
		name string
		took time.Duration
	}{
		{"dns", e.Resolved},
		{"connect", e.Result.Phases.Connect},
		{"tls", e.Result.Phases.TLS},
		{"first_byte", e.Result.Phases.FirstByte},
		{"body", e.Result.Phases.Body},
	} {
		if phase.took > 0 {
			probeDuration.WithLabelValues(name, phase.name).Observe(phase.took.Seconds())
		}
	}
}
