package edgemanage

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"github.com/deflect-ca/coredns-edgemanage/hooks"
	"github.com/deflect-ca/coredns-edgemanage/network"
)

// gathered is the page of metrics: our families by name without the prefix.
func gathered(t testing.TB) map[string]*dto.MetricFamily {
	t.Helper()
	all, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatalf("gathering: %v", err) // the whole page would be a 500
	}
	ours := map[string]*dto.MetricFamily{}
	for _, f := range all {
		if name, ok := strings.CutPrefix(f.GetName(), "coredns_edgemanage_"); ok {
			ours[name] = f
		}
	}
	return ours
}

// value is that of the metric of a family with these labels, name=value.
func value(f *dto.MetricFamily, labels ...string) (float64, bool) {
	slices.Sort(labels)
	for _, m := range f.GetMetric() {
		var has []string
		for _, l := range m.GetLabel() {
			has = append(has, l.GetName()+"="+l.GetValue())
		}
		slices.Sort(has)
		if slices.Equal(has, labels) {
			return m.GetGauge().GetValue() + m.GetCounter().GetValue(), true
		}
	}
	return 0, false
}

// TestMetrics has every metric of a network over loopback edges with one that is dead and one that is withdrawn.
func TestMetrics(t *testing.T) {
	f := newFarm(t, 4)
	f.kill(f.addrs[1])
	c := corefile{farm: f, generation: 1, networks: "m", state: filepath.Join(t.TempDir(), "state"), extra: "labels www", interval: 500 * time.Millisecond}
	s := serve(t, c.String())
	f.awaitProbes(t, 2, "m1")
	await(t, "the first decision", func() bool { return active.Load().ready() })
	n := active.Load().networks["m"]
	withdraw(t, n, f.addrs[0])
	await(t, "a round", func() bool { return !n.Status().LastRound.IsZero() })
	reloadErrors.WithLabelValues("edges").Inc() // what raises these is told by package network
	changesHeld.WithLabelValues("m").Add(0)
	page := gathered(t)

	t.Run("labels", func(t *testing.T) {
		got := map[string]string{}
		for name, family := range page {
			var labels []string
			for _, l := range family.GetMetric()[0].GetLabel() {
				labels = append(labels, l.GetName())
			}
			got[name] = strings.Join(labels, " ") + ", " + strings.ToLower(family.GetType().String())
		}
		want := map[string]string{
			"probes_total":                 "family network outcome, counter",
			"probe_duration_seconds":       "network phase, histogram",
			"edge_latency_seconds":         "edge family network, gauge",
			"edge_window_seconds":          "edge family network, gauge",
			"edge_average_seconds":         "edge family network, gauge",
			"edge_grade":                   "edge family network, gauge",
			"edge_live":                    "edge family network, gauge",
			"edge_mode":                    "edge family network, gauge",
			"edge_mode_timestamp_seconds":  "edge family network, gauge",
			"live_edges":                   "family network, gauge",
			"wanted_edges":                 "family network, gauge",
			"rung":                         "family network, gauge",
			"changes_total":                "network reason, counter",
			"changes_held_total":           "network, counter",
			"interval_seconds":             "network, gauge",
			"timeout_seconds":              "network, gauge",
			"last_round_timestamp_seconds": "network, gauge",
			"round_duration_seconds":       "network, gauge",
			"zone_serial":                  "network zone, gauge",
			"state_errors_total":           "network, counter",
			"zonefile_errors_total":        "network, counter",
			"file_errors_total":            "network, counter",
			"reload_errors_total":          "file, counter",
			"modes_lost":                   "network, gauge",
			"frozen":                       "network, gauge",
			"run_errors_total":             "network, counter",
			"webhook_errors_total":         "network, counter",
			"webhook_dropped_total":        "network, counter",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("metrics differ (-want +got):\n%s", diff)
		}
	})

	t.Run("lint", func(t *testing.T) {
		problems, err := promlint.NewWithMetricFamilies(slices.Collect(maps.Values(page))).Lint()
		if err != nil || len(problems) > 0 {
			t.Errorf("%v, %v", problems, err)
		}
	})

	edge := func(i int) []string { return []string{"network=m", "family=ipv4", "edge=" + f.addrs[i]} }
	for _, test := range []struct {
		metric string
		labels []string
		want   float64
	}{
		{"edge_live", edge(0), 0},
		{"edge_live", edge(1), 0},
		{"edge_live", edge(2), 1},
		{"edge_live", edge(3), 1},
		{"edge_mode", edge(0), 3},
		{"edge_mode", edge(1), 0},
		{"edge_grade", edge(1), 0},
		{"edge_latency_seconds", edge(1), 0.4}, // a failure counts as the timeout
		{"live_edges", []string{"network=m", "family=ipv4"}, 2},
		{"wanted_edges", []string{"network=m", "family=ipv4"}, 2},
		{"rung", []string{"network=m", "family=ipv4"}, 5},
		{"interval_seconds", []string{"network=m"}, 0.5},
		{"timeout_seconds", []string{"network=m"}, 0.4},
		{"state_errors_total", []string{"network=m"}, 0},
		{"modes_lost", []string{"network=m"}, 0},
		{"frozen", []string{"network=m"}, 0},
		{"zone_serial", []string{"network=m", "zone=m.example.org."}, float64(n.Status().Serial)},
	} {
		t.Run(test.metric+strings.Join(test.labels, ","), func(t *testing.T) {
			if got, ok := value(page[test.metric], test.labels...); !ok || got != test.want {
				t.Errorf("got %v (found: %v), want %v", got, ok, test.want)
			}
		})
	}
	t.Run("probes", func(t *testing.T) {
		for _, outcome := range []string{"ok", "status"} {
			if got, _ := value(page["probes_total"], "network=m", "family=ipv4", "outcome="+outcome); got < 1 {
				t.Errorf("%v probes with outcome %s, want some", got, outcome)
			}
		}
	})

	t.Run("an edge that is gone", func(t *testing.T) {
		gone := edge(3)
		c.generation, f.addrs = 2, f.addrs[:3]
		if err := s.reload(c.String()); err != nil {
			t.Fatal(err)
		}
		page := gathered(t)
		for name, family := range page {
			if v, ok := value(family, gone...); ok {
				t.Errorf("%s of %s is still there: %v", name, gone, v)
			}
		}
	})

	t.Run("a network that is gone", func(t *testing.T) {
		c.generation, c.networks = 3, ""
		if err := s.reload(c.String()); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"rung", "edge_live", "zone_serial"} {
			if family := gathered(t)[name]; family != nil {
				t.Errorf("%s is still there: %v", name, family)
			}
		}
	})
}

// TestMetricsOfSharedNetwork: a zone that two blocks serve from one network is one metric. Two would make the whole page
// an error.
func TestMetricsOfSharedNetwork(t *testing.T) {
	serve(t, "example.org:0 {\nbind 127.0.0.1\nedgemanage shared {"+body+"}\n}\nexample.org:0 example.net:0 {\nbind 127.0.0.2\nedgemanage shared\n}")
	serials := gathered(t)["zone_serial"]
	for _, zone := range []string{"example.org.", "example.net."} {
		if _, ok := value(serials, "network=shared", "zone="+zone); !ok {
			t.Errorf("no serial of %s", zone)
		}
	}
	if got := len(serials.GetMetric()); got != 2 {
		t.Errorf("%d serials, want 2", got)
	}
}

// TestScrapeWhileReloading: a page is never an error, and never without the networks.
func TestScrapeWhileReloading(t *testing.T) {
	f := newFarm(t, 3)
	c := corefile{farm: f, generation: 1, networks: "ab", state: filepath.Join(t.TempDir(), "state")}
	s := serve(t, c.String())
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			all, err := prometheus.DefaultGatherer.Gather()
			if err != nil {
				t.Errorf("gathering: %v", err)
				return
			}
			if !slices.ContainsFunc(all, func(f *dto.MetricFamily) bool { return f.GetName() == "coredns_edgemanage_edge_live" }) {
				t.Error("a page without edges")
				return
			}
		}
	})
	for i := range 12 {
		c.generation, c.trip = i+2, []string{"", "trip_after now"}[i%2]
		if err := s.reload(c.String()); (err != nil) != (c.trip != "") {
			t.Errorf("reload %d: %v", i, err)
		}
	}
	close(done)
	wg.Wait()
}

// TestCountersOfEvents has what is counted as it happens.
func TestCountersOfEvents(t *testing.T) {
	for _, test := range []struct {
		event  network.Event
		metric string
		labels []string
		want   float64
	}{
		{network.SetChanged{Reasons: map[string]int{"fail": 2, "fill": 1}}, "changes_total", []string{"network=events", "reason=fail"}, 2},
		{network.Held{Count: 3}, "changes_held_total", []string{"network=events"}, 3},
		{network.Hooked{Kind: hooks.Run, Err: fmt.Errorf("exit status 1"), Lost: true}, "run_errors_total", []string{"network=events"}, 1},
		{network.Hooked{Kind: hooks.Run}, "run_errors_total", []string{"network=events"}, 0},
		{network.Hooked{Kind: hooks.Webhook, Err: fmt.Errorf("503")}, "webhook_errors_total", []string{"network=events"}, 1},
		{network.Hooked{Kind: hooks.Webhook, Err: fmt.Errorf("503")}, "webhook_dropped_total", []string{"network=events"}, 0},
		{network.Hooked{Kind: hooks.Webhook, Err: fmt.Errorf("404"), Lost: true}, "webhook_dropped_total", []string{"network=events"}, 1},
		{network.Hooked{Kind: hooks.Webhook, Err: fmt.Errorf("full"), Lost: true, Dropped: true}, "webhook_errors_total", []string{"network=events"}, 0},
		{network.FileFailed{Err: fmt.Errorf("read-only file system")}, "file_errors_total", []string{"network=events"}, 1},
		{network.ReloadFailed{File: "lists/edges", Err: fmt.Errorf("no edge")}, "reload_errors_total", []string{"file=lists/edges"}, 1},
	} {
		t.Run(test.metric, func(t *testing.T) {
			before, _ := value(gathered(t)[test.metric], test.labels...)
			observer{}.Observe("events", test.event)
			if after, _ := value(gathered(t)[test.metric], test.labels...); after-before != test.want {
				t.Errorf("it rose by %v, want %v", after-before, test.want)
			}
		})
	}
}

// TestCountersStart: an alert sees only what rises between two scrapes, so every counter that can stand there before its
// first event does.
func TestCountersStart(t *testing.T) {
	f := newFarm(t, 1)
	dir := t.TempDir()
	canaries := filepath.Join(dir, "canaries.yaml")
	if err := os.WriteFile(canaries, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	c := corefile{farm: f, generation: 1, networks: "z", state: filepath.Join(dir, "state"), interval: time.Minute,
		extra: "notify 192.0.2.53 [2001:db8::53]:5300\ncanaries " + canaries}
	serve(t, c.String())
	page := gathered(t)
	for _, test := range []struct{ metric, label string }{
		{"changes_total", "reason=failed"},
		{"changes_total", "reason=filled"},
		{"changes_total", "reason=rotated_in"},
		{"changes_total", "reason=rotated_out"},
		{"changes_held_total", ""},
		{"notify_errors_total", "address=192.0.2.53:53"},
		{"notify_errors_total", "address=[2001:db8::53]:5300"},
		{"zonefile_errors_total", ""},
		{"file_errors_total", ""},
		{"run_errors_total", ""},
		{"webhook_errors_total", ""},
		{"webhook_dropped_total", ""},
		{"reload_errors_total", "file=" + canaries},
	} {
		t.Run(test.metric+" "+test.label, func(t *testing.T) {
			var labels []string
			if test.label != "" {
				labels = append(labels, test.label)
			}
			if test.metric != "reload_errors_total" {
				labels = append(labels, "network=z")
			}
			if _, ok := value(page[test.metric], labels...); !ok {
				t.Errorf("it is not there before its first event")
			}
		})
	}
}
