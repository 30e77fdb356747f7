package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/caddy/caddyfile"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// FuzzParseDirective: whatever follows the word, parsing ends, says where each fault is on one line, and without a fault
// has made a network that keeps what its fields promise.
func FuzzParseDirective(f *testing.F) {
	for _, text := range corpusTexts(f, "testdata/good/*.corefile", "testdata/bad/*.corefile") {
		if _, directive, ok := strings.Cut(text, "edgemanage"); ok {
			f.Add("edgemanage" + directive)
		}
	}
	// A directory of its own: what a header, a webhook or config names is there, or nowhere.
	root := f.TempDir()
	for from, to := range map[string]string{"testdata/good/secrets": "secrets", "testdata/python/good": "python"} {
		if err := os.CopyFS(filepath.Join(root, to), os.DirFS(from)); err != nil {
			f.Fatal(err)
		}
	}
	for _, file := range []string{"python/whole.yaml", "python/much.yaml", "secrets", "python/none.yaml", ""} {
		f.Add("edgemanage mynet example.org {\n config " + file + "\n ttl 30\n header X @" + file + "\n}\n")
	}
	f.Fuzz(func(t *testing.T, text string) {
		if readsElsewhere(text) {
			return
		}
		d := caddyfile.NewDispenser("Corefile", strings.NewReader(text))
		for d.Next() {
			before := d.Line()
			dir, faults := ParseDirective(&d, root)
			if dir.Line != before || d.Line() < before {
				t.Errorf("directive of line %d says %d and ends on line %d", before, dir.Line, d.Line())
			}
			for _, err := range faults {
				if s := err.Error(); !strings.HasPrefix(s, "Corefile:") || strings.ContainsAny(s, "\r\n") {
					t.Errorf("fault without a place, or of several lines: %q", s)
				}
			}
			if dir.Body != nil && len(faults) == 0 {
				checkNetwork(t, dir.Body)
			}
		}
	})
}

// readsElsewhere says whether a directive may have a file read that is not below its root.
func readsElsewhere(text string) bool {
	d := caddyfile.NewDispenser("Corefile", strings.NewReader(text))
	var last [2]string // the tokens before this one
	for d.Next() {
		token := d.Val()
		path, named := strings.CutPrefix(token, "@")
		if named = named || slices.Contains(last[:], "config") || slices.Contains(last[:], "webhook"); named && path != "" && !filepath.IsLocal(path) {
			return true
		}
		last[0], last[1] = last[1], token
	}
	return false
}

// checkNetwork says what no faultless body may lead to.
func checkNetwork(t *testing.T, n *Network) {
	t.Helper()
	for _, invariant := range []struct {
		name string
		ok   bool
	}{
		{"a name", n.Name != ""},
		{"sources", len(n.Sources) > 0},
		{"an object", n.Object.URL != nil && n.Object.URL.Host != "" && n.Object.URL.User == nil},
		{"name servers", len(n.NS) > 0 && n.MName != ""},
		{"timers", n.Timers.Refresh > 0 && n.Timers.Retry > 0 && n.Timers.Expire > 0},
		{"1 <= edge_count <= 32", n.EdgeCount >= 1 && n.EdgeCount <= 32},
		{"min_live <= edge_count", n.MinLive >= 0 && n.MinLive <= n.EdgeCount},
		{"0 < goodenough < timeout < interval", 0 < n.GoodEnough && n.GoodEnough < n.Timeout && n.Timeout < n.Interval},
		{"an interval that was allowed", n.Interval >= leastInterval || n.AllowShortInterval || n.DryRun},
		{"counts", n.Fall >= 1 && n.Rise >= 1 && n.Retry >= 1 && n.Workers >= 0 && n.History >= 1 && n.MaxChanges >= 0},
		{"durations", n.Window > 0 && n.MaxChangesPer > 0},
		{"commands", !slices.ContainsFunc(n.Runs, func(r Run) bool { return len(r.Argv) == 0 || r.Argv[0] == "" || r.At == "" })},
		{"webhooks", !slices.ContainsFunc(n.Webhooks, func(w Webhook) bool {
			return w.URL == nil || w.URL.Host == "" || w.URL.User != nil || (w.SecretFile == "") != (len(w.Secret) == 0)
		})},
		{"control socket that the system takes", len(n.Control) <= 107 && (n.Control == "") == (n.ControlAt == "")},
		{"default socket but in a state that is written", !n.DefaultControl || n.State != "" && !n.DryRun},
		{"status address", (n.StatusAddress == "") == (n.StatusAt == "") && !strings.HasSuffix(n.StatusAddress, ":0")},
		{"sources of their family", (!n.Source4.IsValid() || n.Source4.Is4()) && (!n.Source6.IsValid() || n.Source6.Is6())},
	} {
		if !invariant.ok {
			t.Errorf("no %s in %+v", invariant.name, n)
		}
	}
	for _, warning := range n.Warnings {
		if strings.ContainsAny(warning, "\r\n") {
			t.Errorf("warning of several lines: %q", warning)
		}
	}
}

// FuzzReadEdges: a list that is read keeps what Edge promises, and is read the same when written again.
func FuzzReadEdges(f *testing.F) {
	for _, text := range corpusTexts(f, "testdata/edges/good/*.edges", "testdata/edges/bad/*.edges") {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		edges, _, err := ParseEdges("edges", text)
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.HasPrefix(line, "edges:") {
					t.Errorf("fault without a place: %q", line)
				}
			}
			return
		}
		if len(edges) == 0 {
			t.Fatal("no edge and no fault")
		}
		var b strings.Builder
		for _, e := range edges {
			b.WriteString(e.Name)
			for _, addr := range e.Addrs {
				if addr.String() != e.Name {
					b.WriteString(" " + addr.String())
				}
			}
			b.WriteString("\n")
			if len(e.Addrs) > 2 || len(e.Addrs) == 2 && !(e.Addrs[0].Is4() && e.Addrs[1].Is6()) {
				t.Errorf("addresses of %s: %v", e.Name, e.Addrs)
			}
		}
		again, notes, err := ParseEdges("edges", []byte(b.String()))
		if err != nil || notes != nil {
			t.Fatalf("reading again: %v %v", notes, err)
		}
		if diff := cmp.Diff(edges, again, cmpopts.IgnoreFields(Edge{}, "Line"), cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})); diff != "" {
			t.Errorf("edges differ when read again (-want +got):\n%s", diff)
		}
		merged, notes, err := MergeEdges(edges, again)
		if err != nil || len(notes) != len(again) || len(merged) != len(edges) {
			t.Errorf("merging a list with itself: %d edges, %d notes, %v", len(merged), len(notes), err)
		}
	})
}

func corpusTexts(f *testing.F, patterns ...string) []string {
	f.Helper()
	var texts []string
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			texts = append(texts, string(text))
		}
	}
	return texts
}
