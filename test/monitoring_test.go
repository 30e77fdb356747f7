//go:build e2e

package test

import (
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// The monitoring kit works with the real server and the real Prometheus: it names what there is, each query of the
// dashboard finds something, every rule can be evaluated, and one that should fire does.
func TestMonitoringKit(t *testing.T) {
	t.Parallel()
	st := newSite(t, 4)
	canary := newEdge(t, "canary", nextTo(st.edges[0].addr.String()), st.port)
	st.write("canaries.yaml", "example.org: "+canary.addr.String()+"\n")
	secured := httptest.NewTLSServer(st.edges[3])
	defer secured.Close()
	_, securedPort, _ := strings.Cut(secured.Listener.Addr().String(), ":")
	metricsAt := "127.0.0.1:" + freePort(t)
	nobody := "127.0.0.1:" + freePort(t)
	st.with("canaries "+st.path("canaries.yaml"), "notify "+nobody, "run after_changes /bin/false", "webhook http://"+nobody+"/")
	s := startServer(t, st.dir, block("example.org example.net", "prometheus "+metricsAt, st.directive("main", "example.org"),
		fmt.Sprintf("edgemanage secured example.net {\n edges 127.0.0.1\n object https://www.example.net:%s/\n insecure_skip_verify\n ns ns1.example.net\n}", securedPort)))
	s.full(2)
	p := startPrometheus(t, metricsAt)
	sees(t, patience, "some scrapes", func() string {
		found, err := p.query("count_over_time(coredns_edgemanage_rung[1m]) > 2")
		return fmt.Sprint(len(found) > 0, err)
	}, func(s string) bool { return s == "true <nil>" })

	// Something changes, and something goes wrong.
	socket := control.NewClient(st.path("state/control.sock"))
	if _, err := socket.SetMode(t.Context(), control.ModeRequest{Network: "main", Edge: st.edges[0].name, Mode: "unavailable", Comment: "a test"}); err != nil {
		t.Fatal(err)
	}
	s.leaves(patience, st.edges[0].addr.String())
	st.write("edges", "127.0.0.999\n")
	eventually(t, patience, "the fault of the list to be counted", func() bool {
		v, _ := metric(t, metricsAt, "reload_errors_total", label("file", st.path("edges")))
		return v == 1
	})
	eventually(t, patience, "a round of each network", func() bool {
		_, main := metric(t, metricsAt, "last_round_timestamp_seconds", label("network", "main"))
		_, secured := metric(t, metricsAt, "last_round_timestamp_seconds", label("network", "secured"))
		return main && secured
	})

	namesOn(metricsPage(t, metricsAt)).checkKit(t)
	t.Run("queries of the dashboard", func(t *testing.T) { p.checkDashboard(t) })
	t.Run("rules", func(t *testing.T) { p.checkRules(t) })
	t.Run("nagios", func(t *testing.T) { checkNagios(t, st.path("state/control.sock")) })
	t.Run("an alert that fires", func(t *testing.T) { p.checkFiring(t, "EdgemanageReloadErrors", st.path("edges")) })
}

func (p *prometheus) checkDashboard(t *testing.T) {
	_, queries := readDashboard(t)
	for _, q := range queries {
		t.Run(q.panel+" "+q.ref, func(t *testing.T) {
			var found []sample
			sees(t, patience, q.expr, func() string {
				var err error
				found, err = p.query(q.expr)
				return fmt.Sprintf("%d samples, %v", len(found), err)
			}, func(string) bool { return len(found) > 0 })
			for _, m := range legendPattern.FindAllStringSubmatch(q.legend, -1) {
				if found[0].Metric[m[1]] == "" {
					t.Errorf("the legend %q names what %v does not have", q.legend, found[0].Metric)
				}
			}
		})
	}
}

func (p *prometheus) checkRules(t *testing.T) {
	var rules struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	n := 0
	sees(t, patience, "every rule to be evaluated", func() (waiting []string) {
		if err := p.ask("/api/v1/rules", &rules); err != nil {
			return []string{err.Error()}
		}
		n = 0
		for _, g := range rules.Groups {
			for _, r := range g.Rules {
				n++
				if r.Health != "ok" {
					waiting = append(waiting, r.Name+" "+r.Health+" "+r.LastError)
				}
			}
		}
		return waiting
	}, func(waiting []string) bool { return len(waiting) == 0 })
	if want := len(readAlerts(t)); n != want {
		t.Errorf("Prometheus has %d rules, want %d", n, want)
	}
}

// checkFiring has an alert fire with texts in which everything is filled in.
func (p *prometheus) checkFiring(t *testing.T, name, about string) {
	type state struct {
		Labels, Annotations map[string]string
		State               string
	}
	var found state
	eventually(t, patience, name+" to fire", func() bool {
		var alerts struct{ Alerts []state }
		if err := p.ask("/api/v1/alerts", &alerts); err != nil {
			return false
		}
		for _, a := range alerts.Alerts {
			if a.Labels["alertname"] == name && a.State == "firing" {
				found = a
			}
		}
		return found.State != ""
	})
	broken := regexp.MustCompile(`<no value>|\{\{|error expanding`)
	for what, text := range found.Annotations {
		if broken.MatchString(text) {
			t.Errorf("its %s is %q", what, text)
		}
	}
	if !strings.Contains(found.Annotations["summary"], about) {
		t.Errorf("its summary %q does not name %s", found.Annotations["summary"], about)
	}
}
