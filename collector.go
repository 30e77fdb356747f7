package edgemanage

import (
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

func init() { prometheus.MustRegister(collector{}) }

// collector reports the present of the running engine's networks at each scrape. Edges and zones that are gone vanish by
// themselves, which gauges that are set would not.
type collector struct{}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(plugin.Namespace, pluginName, name), help, labels, nil)
}

var (
	edgeLatency = desc("edge_latency_seconds", "How long the last probe of an edge took; a failure counts as the timeout.", "network", "edge", "family")
	edgeWindow  = desc("edge_window_seconds", "Mean of an edge's samples within the window.", "network", "edge", "family")
	edgeAverage = desc("edge_average_seconds", "Mean of an edge's whole history.", "network", "edge", "family")
	edgeGrade   = desc("edge_grade", "Grade of an edge: 5 pass_threshold, 4 pass_window, 3 pass_average, 2 pass, 1 unknown, 0 fail.", "network", "edge", "family")
	edgeLive    = desc("edge_live", "Whether an edge is in the live set.", "network", "edge", "family")
	edgeMode    = desc("edge_mode", "Mode of an edge: 0 available, 1 force, 2 blindforce, 3 unavailable.", "network", "edge", "family")
	edgeModeSet = desc("edge_mode_timestamp_seconds", "When an operator set the mode that an edge has, in unix time; none while it is available.", "network", "edge", "family")
	edgeExpiry  = desc("edge_certificate_expiry_timestamp_seconds", "When the certificate that an edge last presented expires, in unix time.", "network", "edge", "family")

	liveEdges   = desc("live_edges", "Number of addresses that are answered.", "network", "family")
	wantedEdges = desc("wanted_edges", "Number of live edges wanted, edge_count.", "network", "family")
	rung        = desc("rung", "How the live set was found: 5 full, 4 short, 3 hold, 2 all, 1 fallback, 0 none.", "network", "family")

	probeInterval = desc("interval_seconds", "How often each edge is probed, interval.", "network")
	probeTimeout  = desc("timeout_seconds", "The deadline of a probe, timeout.", "network")
	lastRound     = desc("last_round_timestamp_seconds", "When every edge had last been probed, in unix time.", "network")
	roundDuration = desc("round_duration_seconds", "How long the last round of probes took, which is spread over the interval.", "network")
	zoneSerial    = desc("zone_serial", "SOA serial of a zone.", "network", "zone")
	stateErrors   = desc("state_errors_total", "Counter of failures to write the state.", "network")
	canaryActive  = desc("canary_active", "Whether the canary of a zone is in.", "network", "zone")
	frozen        = desc("frozen", "Whether an operator has stopped every change but an operator's.", "network")
	modesLost     = desc("modes_lost", "Whether no readable state was found where there had been one, so that modes may be missing.", "network")
)

// Describe implements prometheus.Collector.
func (collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		edgeLatency, edgeWindow, edgeAverage, edgeGrade, edgeLive, edgeMode, edgeModeSet, edgeExpiry, liveEdges, wantedEdges, rung,
		probeInterval, probeTimeout, lastRound, roundDuration, zoneSerial, canaryActive, stateErrors, frozen, modesLost,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (collector) Collect(ch chan<- prometheus.Metric) {
	e := active.Load()
	if e == nil {
		return
	}
	for _, n := range e.networks {
		if s := n.Status(); s != nil {
			collectNetwork(ch, n, s)
			for _, f := range s.Families {
				collectFamily(ch, n, s, f)
			}
			collectZones(ch, n)
		}
	}
}

func gauge(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func collectNetwork(ch chan<- prometheus.Metric, n *network.Network, s *network.Status) {
	gauge(ch, probeInterval, n.Config().Interval.Seconds(), s.Network)
	gauge(ch, probeTimeout, n.Config().Timeout.Seconds(), s.Network)
	if !s.LastRound.IsZero() {
		gauge(ch, lastRound, unix(s.LastRound), s.Network)
		gauge(ch, roundDuration, s.RoundTook.Seconds(), s.Network)
	}
	for _, c := range s.Canaries {
		gauge(ch, canaryActive, truth(c.Active), s.Network, c.Zone)
	}
	gauge(ch, frozen, truth(s.Freeze != nil), s.Network)
	gauge(ch, modesLost, truth(s.ModesLost), s.Network)
	ch <- prometheus.MustNewConstMetric(stateErrors, prometheus.CounterValue, float64(s.StateErrors), s.Network)
}

func collectFamily(ch chan<- prometheus.Metric, n *network.Network, s *network.Status, f network.FamilyStatus) {
	if f.Coverage != network.Empty {
		gauge(ch, liveEdges, float64(len(f.Addrs)), s.Network, f.Family.String())
		gauge(ch, wantedEdges, float64(s.Wanted), s.Network, f.Family.String())
		gauge(ch, rung, float64(f.Rung), s.Network, f.Family.String())
	}
	for _, e := range f.Edges {
		labels := []string{s.Network, e.Name, f.Family.String()}
		if e.Samples > 0 {
			gauge(ch, edgeLatency, counted(e, n.Config().Timeout).Seconds(), labels...)
			gauge(ch, edgeAverage, e.Average.Seconds(), labels...)
		}
		if e.WindowMean > 0 {
			gauge(ch, edgeWindow, e.WindowMean.Seconds(), labels...)
		}
		gauge(ch, edgeGrade, float64(e.Grade), labels...)
		gauge(ch, edgeLive, truth(e.Live), labels...)
		gauge(ch, edgeMode, float64(e.Mode), labels...)
		if m, ok := s.Modes[e.Name]; ok && e.Mode != selector.Available && !m.At.IsZero() {
			gauge(ch, edgeModeSet, unix(m.At), labels...)
		}
		if !e.CertNotAfter.IsZero() {
			gauge(ch, edgeExpiry, unix(e.CertNotAfter), labels...)
		}
	}
}

// counted is what an edge's last sample counts as in its means.
func counted(e network.EdgeStatus, timeout time.Duration) time.Duration {
	if e.LastFailed {
		return timeout
	}
	return e.LastTook
}

// collectZones reports each zone once, whatever the number of blocks that serve it.
func collectZones(ch chan<- prometheus.Metric, n *network.Network) {
	s, name := n.Snapshot(), n.Config().Name
	for _, zone := range n.ZoneList() {
		gauge(ch, zoneSerial, float64(s.ZoneSerial(zone)), name, zone)
	}
}

func unix(t time.Time) float64 { return float64(t.UnixNano()) / float64(time.Second) }

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
