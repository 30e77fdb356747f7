package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// TestDiffLive: live here are edge1, edge2 and edge3. Lists are read as they come: in any order, with blanks and capitals.
func TestDiffLive(t *testing.T) {
	same := "edge1.example.net\nedge2.example.net\nedge3.example.net\n"
	notReady := control.Networks{Networks: []control.Network{{Network: "web"}}}
	tests := []struct {
		name   string
		list   string
		second string // another list; empty asks the server
		more   map[string]any
		code   int
		stdout string // LIST stands for the directory of the lists
		stderr string // must be part of it
	}{
		{"the same", same, "", nil, 0, "", ""},
		{"the same, written otherwise", "\n Edge3.example.net\r\nedge2.example.net.\nedge1.example.net\nedge1.example.net", "", nil, 0, "", ""},
		{"others", "edge1.example.net\nedge4.example.net\nedge6.example.net\nsold.example.net\n", "", nil, 1,
			"1 in both, 3 only in LIST/old, 2 only in network web\n" +
				"- edge4.example.net  out: not needed, pass_threshold, average 0.211s, edge_count 3 is reached\n" +
				"- edge6.example.net  out: not passing, fail, average 9.120s\n" +
				"- sold.example.net  not configured here\n" +
				"+ edge2.example.net  live: kept, pass_window, average 0.410s\n" +
				"+ edge3.example.net  live: filled, pass_threshold, average 0.153s\n", ""},
		{"nothing there", "", "", nil, 1,
			"0 in both, 0 only in LIST/old, 3 only in network web\n" +
				"+ edge1.example.net  live: kept, pass_threshold, average 0.131s\n" +
				"+ edge2.example.net  live: kept, pass_window, average 0.410s\n" +
				"+ edge3.example.net  live: filled, pass_threshold, average 0.153s\n", ""},
		{"two lists", same, "edge2.example.net\nedge9.example.net\n", nil, 1,
			"1 in both, 2 only in LIST/old, 1 only in LIST/new\n- edge1.example.net\n- edge3.example.net\n+ edge9.example.net\n", ""},
		{"two lists, the same", same, same, nil, 0, "", ""},
		{"no such list", "-", "", nil, 2, "", "no such file or directory"},
		{"not a list", "edge1.example.net\n@ 300 IN SOA ns1\n", "", nil, 2, "", "line 2: "},
		{"far too long", strings.Repeat("edge1.example.net\n", 1<<16), "", nil, 2, "", "it is over 1048576 bytes"},
		{"nothing decided yet", same, "", map[string]any{"/v1/networks": notReady}, 2, "", "network web: it has decided nothing yet"},
		{"removed meanwhile", same, "", map[string]any{"/v1/networks": control.Networks{}}, 2, "", "it has no network"},
		{"another network", same, "", map[string]any{"/v1/edges": refusal{http.StatusNotFound, control.CodeUnknownNetwork, "there is no network lab"}}, 2, "", "there is no network lab"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, calm())
			for path, answer := range tt.more {
				f.set(path, answer)
			}
			dir := t.TempDir()
			args := []string{"diff-live"}
			for name, text := range map[string]string{"old": tt.list, "new": tt.second} {
				if text == "-" {
					continue
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			args = append(args, filepath.Join(dir, "old"))
			if tt.second != "" {
				args = append(args, filepath.Join(dir, "new"))
			}
			code, stdout, stderr := ask(t, args...)
			if code != tt.code || !strings.Contains(stderr, tt.stderr) || tt.stderr == "" && stderr != "" {
				t.Errorf("got exit code %d and %q, want %d and %q", code, stderr, tt.code, tt.stderr)
			}
			if diff := cmp.Diff(tt.stdout, strings.ReplaceAll(stdout, dir, "LIST")); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
			if tt.second != "" && len(f.asked()) > 0 {
				t.Errorf("the server was asked %q for two files", f.asked())
			}
		})
	}
}

// A set is that of both families, as the live list of the server is. An edge that is live in one is explained with that.
func TestDiffLiveOfTwoFamilies(t *testing.T) {
	answers := queried()
	edges := answers["/v1/edges"].(control.Edges)
	edges.Families = append(edges.Families[:1:1], control.Family{Family: "ipv6", Rung: "short", Live: []string{"edge1.example.net", "edge4.example.net"}})
	edges.Edges[len(edges.Edges)-1].Reason = "live: filled in IPv6"
	answers["/v1/edges"] = edges
	newFake(t, answers)
	list := filepath.Join(t.TempDir(), "old")
	if err := os.WriteFile(list, []byte("edge1.example.net\nedge2.example.net\nedge3.example.net\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := ask(t, "diff-live", list)
	want := "3 in both, 0 only in " + list + ", 1 only in network web\n+ edge4.example.net  live: filled in IPv6\n"
	if diff := cmp.Diff(want, stdout); code != 1 || stderr != "" || diff != "" {
		t.Errorf("got exit code %d, %q (-want +got):\n%s", code, stderr, diff)
	}
}

func TestDiffLiveCommandLine(t *testing.T) {
	newFake(t, calm())
	for _, args := range [][]string{{"diff-live"}, {"diff-live", "a", "b", "c"}, {"diff-live", "a", "--format", "json"}} {
		if code, stdout, stderr := ask(t, args...); code != 2 || stdout != "" || stderr == "" {
			t.Errorf("%q: got %d, %q, %q, want 2", args, code, stdout, stderr)
		}
	}
}
