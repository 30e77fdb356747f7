package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy/caddyfile"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

const required = `
	edges edge1.example.net
	object http://example.org/
	ns ns1.example.net
	state /var/lib/edgemanage
`

// parse reads the first directive of a text, as the plugin and the companion command do.
func parse(text, root string) (Directive, []error) {
	d := caddyfile.NewDispenser("Corefile", strings.NewReader(text))
	d.Next()
	return ParseDirective(&d, root)
}

// TestProperties has for each property what its lines change in a network; good_test.go has the required ones.
func TestProperties(t *testing.T) {
	addr := netip.MustParseAddr
	for _, test := range []struct {
		lines string
		want  func(n *Network)
	}{
		{"", func(n *Network) {}},
		{"soa ns0.example.net HOSTMASTER.example.net.", func(n *Network) { n.MName, n.RName = "ns0.example.net.", "hostmaster.example.net." }},
		{"soa_timers 1h 10m 2400h 0", func(n *Network) { n.Timers = SOATimers{3600, 600, 8640000, 0} }},
		{"soa_timers 1 1 2147483647 2147483647", func(n *Network) { n.Timers = SOATimers{1, 1, 2147483647, 2147483647} }},
		{"serial_floor 0", func(n *Network) {}},
		{"serial_floor 4294967295", func(n *Network) { n.SerialFloor = 4294967295 }},
		{"ttl 0", func(n *Network) { n.TTL = 0 }},
		{"ttl 1m30s", func(n *Network) { n.TTL = 90 }},
		{"ttl 30.0", func(n *Network) { n.TTL = 30 }},
		{"ttl 2147483647", func(n *Network) { n.TTL = 2147483647 }},
		{"labels www", func(n *Network) { n.Labels = []string{"www"} }},
		{"labels Www a.B 7 _x", func(n *Network) { n.Labels = []string{"www", "a.b", "7", "_x"} }},
		{"includes zones", func(n *Network) { n.Includes = "zones" }},
		{"includes in\nzonefiles /srv/out", func(n *Network) { n.Includes, n.ZoneFiles = "in", "/srv/out" }},
		{"notify 192.0.2.1 [2001:db8::1]:5300 2001:db8::2", func(n *Network) {
			n.Notify = []netip.AddrPort{
				netip.MustParseAddrPort("192.0.2.1:53"), netip.MustParseAddrPort("[2001:db8::1]:5300"), netip.MustParseAddrPort("[2001:db8::2]:53"),
			}
		}},
		{"canaries canaries.yaml", func(n *Network) { n.Canaries = "canaries.yaml" }},
		{"canaries canaries.yaml\ncanary_killer 0", func(n *Network) { n.Canaries, n.CanaryKiller = "canaries.yaml", 0 }},
		{"edge_count 1", func(n *Network) { n.EdgeCount = 1 }},
		{"edge_count 32", func(n *Network) { n.EdgeCount = 32 }},
		{"min_live 4", func(n *Network) { n.MinLive = 4 }},
		{"min_live 5\nedge_count 5", func(n *Network) { n.MinLive, n.EdgeCount = 5, 5 }},
		{"keep better", func(n *Network) {}},
		{"keep pass_threshold", func(n *Network) { n.Keep = "pass_threshold" }},
		{"keep pass_window", func(n *Network) { n.Keep = "pass_window" }},
		{"keep pass_average", func(n *Network) { n.Keep = "pass_average" }},
		{"keep pass", func(n *Network) { n.Keep = "pass" }},
		{"max_changes 0", func(n *Network) { n.MaxChanges = 0 }},
		{"max_changes 5", func(n *Network) { n.MaxChanges = 5 }},
		{"max_changes 5 90", func(n *Network) { n.MaxChanges, n.MaxChangesPer = 5, 90*time.Second }},
		{"max_changes 5 strict", func(n *Network) { n.MaxChanges, n.Strict = 5, true }},
		{"max_changes 5 1h strict", func(n *Network) { n.MaxChanges, n.MaxChangesPer, n.Strict = 5, time.Hour, true }},
		{"fall 3", func(n *Network) { n.Fall = 3 }},
		{"rise 2", func(n *Network) { n.Rise = 2 }},
		{"fallback 2001:db8:0::1 192.0.2.1", func(n *Network) { n.Fallback = []netip.Addr{addr("2001:db8::1"), addr("192.0.2.1")} }},
		{"interval 2m", func(n *Network) { n.Interval = 2 * time.Minute }},
		{"interval 60", func(n *Network) {}},
		{"interval 60.5", func(n *Network) { n.Interval = 60*time.Second + 500*time.Millisecond }},
		{"interval 20s\nallow_short_interval", func(n *Network) { n.Interval, n.AllowShortInterval = 20*time.Second, true }},
		{"dry_run\ninterval 20s", func(n *Network) { n.Interval, n.DryRun = 20*time.Second, true; noSocket(n) }},
		{"allow_short_interval", func(n *Network) { n.AllowShortInterval = true }},
		{"timeout 59.999", func(n *Network) { n.Timeout = 59999 * time.Millisecond }},
		{"timeout 4m\ninterval 5m", func(n *Network) { n.Timeout, n.Interval = 4*time.Minute, 5*time.Minute }},
		{"retry 1", func(n *Network) { n.Retry = 1 }},
		{"workers 1", func(n *Network) { n.Workers = 1 }},
		{"goodenough 0.7", func(n *Network) {}},
		{"goodenough .5", func(n *Network) { n.GoodEnough = 500 * time.Millisecond }},
		{"goodenough 9999ms", func(n *Network) { n.GoodEnough = 9999 * time.Millisecond }},
		{"window 1ns", func(n *Network) { n.Window = 1 }},
		{"history 1", func(n *Network) { n.History = 1 }},
		{"history 100000", func(n *Network) { n.History = 100000 }},
		{"families both", func(n *Network) {}},
		{"families ipv4", func(n *Network) { n.Families = IPv4 }},
		{"families ipv6", func(n *Network) { n.Families = IPv6 }},
		{"insecure_skip_verify\n", func(n *Network) {
			n.InsecureSkipVerify = true
			n.Warnings = []string{"Corefile:6: insecure_skip_verify: the object is fetched without TLS: there is nothing to verify"}
		}},
		{"header X-Probe yes", func(n *Network) { n.Headers = []Header{{Name: "X-Probe", Value: "yes"}} }},
		{`header host "shield.example.org"`, func(n *Network) { n.Headers = []Header{{Name: "Host", Value: "shield.example.org"}} }},
		{`header X-Empty ""`, func(n *Network) { n.Headers = []Header{{Name: "X-Empty"}} }},
		{"header A 1\nheader B 2\nheader A 3", func(n *Network) {
			n.Headers = []Header{{Name: "A", Value: "1"}, {Name: "B", Value: "2"}, {Name: "A", Value: "3"}}
		}},
		{"source 192.0.2.9", func(n *Network) { n.Source4 = addr("192.0.2.9") }},
		{"source 2001:db8::9\nsource 192.0.2.9", func(n *Network) { n.Source4, n.Source6 = addr("192.0.2.9"), addr("2001:db8::9") }},
		{"run after hooks/tell", func(n *Network) {
			dir, _ := os.Getwd()
			n.Runs = []Run{{When: After, Argv: []string{dir + "/hooks/tell"}, At: "Corefile:6"}}
		}},
		{"run after_changes tell \"\" \"a  b\" '$x'\nrun before /bin/./tell", func(n *Network) {
			n.Runs = []Run{
				{When: AfterChanges, Argv: []string{"tell", "", "a  b", "'$x'"}, At: "Corefile:6"},
				{When: Before, Argv: []string{"/bin/tell"}, At: "Corefile:7"},
			}
		}},
		{"webhook https://[2001:db8::1]:8443/a?b=c", func(n *Network) {
			n.Webhooks = []Webhook{{URL: &url.URL{Scheme: "https", Host: "[2001:db8::1]:8443", Path: "/a", RawQuery: "b=c"}}}
		}},
		{"webhook http://hooks.example.net/a\nwebhook http://hooks.example.net/b", func(n *Network) {
			n.Webhooks = []Webhook{
				{URL: &url.URL{Scheme: "http", Host: "hooks.example.net", Path: "/a"}},
				{URL: &url.URL{Scheme: "http", Host: "hooks.example.net", Path: "/b"}},
			}
		}},
		{"control /run/edgemanage.sock", func(n *Network) {
			noSocket(n)
			n.Control, n.ControlAt = "/run/edgemanage.sock", "Corefile:6"
		}},
		{"control run/x.sock edge-ops\ndry_run", func(n *Network) {
			noSocket(n)
			n.Control, n.ControlGroup, n.ControlAt, n.DryRun = "run/x.sock", "edge-ops", "Corefile:6", true
		}},
		{"status LOCALHOST:09154", func(n *Network) { n.StatusAddress, n.StatusAt = "localhost:9154", "Corefile:6" }},
		{"status [2001:DB8:0::1]:1", func(n *Network) { n.StatusAddress, n.StatusAt = "[2001:db8::1]:1", "Corefile:6" }},
		{"status :9154", func(n *Network) {
			n.StatusAddress, n.StatusAt = ":9154", "Corefile:6"
			n.Warnings = []string{`Corefile:6: status: ":9154" is every address of this host: whoever reaches one of them can read the page`}
		}},
		{"status [::]:65535", func(n *Network) {
			n.StatusAddress, n.StatusAt = "[::]:65535", "Corefile:6"
			n.Warnings = []string{`Corefile:6: status: "[::]:65535" is every address of this host: whoever reaches one of them can read the page`}
		}},
		{"dry_run", func(n *Network) { n.DryRun = true; noSocket(n) }},
	} {
		t.Run(test.lines, func(t *testing.T) {
			dir, faults := parse("edgemanage mynet {"+required+test.lines+"\n}", "")
			if faults != nil {
				t.Fatal(faults)
			}
			want := network("mynet", "Corefile", 1, func(n *Network) {
				n.Sources = []Source{named("edge1.example.net", "Corefile", 2)}
				test.want(n)
			})
			if diff := cmp.Diff(&want, dir.Body, cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})); diff != "" {
				t.Errorf("network differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHeaderNotShown(t *testing.T) {
	n := Network{Headers: []Header{{Name: "Authorization", Value: "hunter2", File: "token"}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		t.Run(verb, func(t *testing.T) {
			if got := fmt.Sprintf(verb, n); strings.Contains(got, "hunter2") {
				t.Errorf("the value is shown: %s", got)
			}
		})
	}
}

// TestWebhookNotShown: neither the secret nor the path, which is a token with most who take webhooks.
func TestWebhookNotShown(t *testing.T) {
	u, err := url.Parse("https://hooks.example.net/hunter2?x=hunter2")
	if err != nil {
		t.Fatal(err)
	}
	n := Network{Webhooks: []Webhook{{URL: u, SecretFile: "secret", Secret: []byte("hunter2")}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		t.Run(verb, func(t *testing.T) {
			for _, value := range []any{n, &n, n.Webhooks, n.Webhooks[0], &n.Webhooks[0]} {
				got := fmt.Sprintf(verb, value)
				for _, secret := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), fmt.Sprint([]byte("hunter2"))} {
					if strings.Contains(got, secret) {
						t.Errorf("%T: a secret is shown: %s", value, got)
					}
				}
			}
		})
	}
	if got := n.Webhooks[0].String(); got != "https://hooks.example.net" {
		t.Errorf("got %q, want scheme and host", got)
	}
}

func TestPaths(t *testing.T) {
	for _, test := range []struct{ name, root, written, want string }{
		{"no root", "", "state", "state"},
		{"root", "/etc/coredns", "state", "/etc/coredns/state"},
		{"relative root", "conf", "./state", "conf/state"},
		{"absolute", "/etc/coredns", "/var/lib//edgemanage/", "/var/lib/edgemanage"},
		{"upwards", "/etc/coredns", "../state", "/etc/state"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, faults := parse("edgemanage mynet {\nedges edge1\nobject http://example.org/ "+test.written+"\nns ns1.example.net\nstate "+test.written+"\n}", test.root)
			if faults != nil {
				t.Fatal(faults)
			}
			if dir.Body.State != test.want || dir.Body.Object.File != test.want {
				t.Errorf("state %q, object file %q, want %q", dir.Body.State, dir.Body.Object.File, test.want)
			}
		})
	}
}

// TestPropertyOrder: whatever the order of its lines, a body says the same.
func TestPropertyOrder(t *testing.T) {
	lines := []string{
		"edges edge1.example.net", "object http://example.org/", "ns ns1.example.net", "soa ns0.example.net host.example.net",
		"edge_count 2", "min_live 2", "interval 5", "allow_short_interval", "timeout 2", "goodenough 1", "source 192.0.2.1", "source ::1",
	}
	body := func(lines []string) *Network {
		dir, faults := parse("edgemanage mynet {\n"+strings.Join(lines, "\n")+"\n}", "/")
		if faults != nil {
			t.Fatal(faults)
		}
		return dir.Body
	}
	want := body(lines)
	rapid.Check(t, func(rt *rapid.T) {
		got := body(rapid.Permutation(lines).Draw(rt, "lines"))
		ignoreLine := cmpopts.IgnoreFields(Edge{}, "Line")
		if diff := cmp.Diff(want, got, ignoreLine, cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})); diff != "" {
			rt.Errorf("network differs (-want +got):\n%s", diff)
		}
	})
}

// TestSuggestions: a property with one slip of the finger is recognised, and never an entirely different word.
func TestSuggestions(t *testing.T) {
	for name := range properties {
		for i := range name {
			slip := name[:i] + name[i+1:]
			if _, ok := properties[slip]; ok || len(slip) < 4 {
				continue
			}
			if got := suggestion(slip); !strings.HasPrefix(got, ": did you mean ") {
				t.Errorf("nothing suggested for %q", slip)
			}
		}
	}
	for _, test := range []struct{ name, want string }{
		{"edge_cout", ": did you mean edge_count?"},
		{"EDGES", ": did you mean edges?"},
		{"soa-timers", ": did you mean soa_timers?"},
		{"headers", ": did you mean header?"},
		{"label", ": did you mean labels?"},
		{"", ""},
		{"x", ""},
		{"web-hook", ": did you mean webhook?"},
		{"rotate_evry", ": did you mean rotate_every?"},
		{"weather", ""},
		{strings.Repeat("edges", 1000), ""},
	} {
		t.Run(quote(test.name), func(t *testing.T) {
			if got := suggestion(test.name); got != test.want {
				t.Errorf("suggestion(%s) = %q, want %q", quote(test.name), got, test.want)
			}
		})
	}
}
