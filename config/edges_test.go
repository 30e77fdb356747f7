package config

import (
	"bytes"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadEdges reads each testdata/edges/good/*.edges and compares the edges and notes with the .want file beside it.
func TestReadEdges(t *testing.T) {
	t.Chdir("testdata/edges/good")
	for _, file := range corpus(t, "*.edges", 6) {
		t.Run(strings.TrimSuffix(file, ".edges"), func(t *testing.T) {
			edges, notes, err := ReadEdges(file)
			if err != nil {
				t.Fatal(err)
			}
			compareWant(t, strings.TrimSuffix(file, ".edges")+".want", showEdges(edges, notes))
		})
	}
}

// showEdges makes one line of each edge and each note.
func showEdges(edges []Edge, notes []string) string {
	var b strings.Builder
	for _, e := range edges {
		fmt.Fprintf(&b, "%s %v %s:%d\n", e.Name, e.Addrs, e.File, e.Line)
	}
	for _, note := range notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	return b.String()
}

func TestReadEdgesFiles(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, path, want string }{
		{"missing", filepath.Join(dir, "none"), "no such file or directory"},
		{"directory", dir, "not a regular file"},
		{"pipe without a writer", pipe, "not a regular file"},
		{"device without end", "/dev/zero", "not a regular file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := ReadEdges(test.path)
			got := fmt.Sprint(err)
			if diff := cmp.Diff(fmt.Sprintf("reading edges %q: %s", test.path, test.want), got); diff != "" {
				t.Errorf("error differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadAllLimit(t *testing.T) {
	for _, test := range []struct {
		name, text, want string
	}{
		{"at the limit", "12345678", ""},
		{"above it", "123456789", "more than 8 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := readAll(strings.NewReader(test.text), 8)
			if test.want != "" {
				if err == nil || err.Error() != test.want {
					t.Errorf("error %v, want %s", err, test.want)
				}
				return
			}
			if err != nil || !bytes.Equal(text, []byte(test.text)) {
				t.Errorf("read %q, %v", text, err)
			}
		})
	}
}

func TestMergeEdges(t *testing.T) {
	list := func(file string, lines ...string) []Edge {
		edges, _, err := ParseEdges(file, []byte(strings.Join(lines, "\n")))
		if err != nil {
			t.Fatal(err)
		}
		return edges
	}
	loose := []Edge{{Name: "edge9.example.net", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.9")}}} // as kept by a state
	for _, test := range []struct {
		name  string
		lists [][]Edge
		want  string
	}{
		{"none", nil, ""},
		{"in their order", [][]Edge{list("a", "edge2", "edge1"), list("b", "edge3")}, "edge2 [] a:1\nedge1 [] a:2\nedge3 [] b:1\n"},
		{"duplicate", [][]Edge{list("a", "edge1"), list("b", "edge2", "edge1")},
			"edge1 [] a:1\nedge2 [] b:1\nnote: b:2: edge edge1 is listed already at a:1: dropping it here\n"},
		{"duplicate without its pin", [][]Edge{list("a", "edge1 192.0.2.1"), list("b", "edge1")},
			"edge1 [192.0.2.1] a:1\nnote: b:1: edge edge1 is listed already at a:1: dropping it here\n"},
		{"duplicate with a new pin", [][]Edge{list("a", "edge1"), list("b", "edge1 192.0.2.1")},
			"b:1: edge edge1 is listed already at a:1 with other addresses: expected all of them on one line"},
		{"one address", [][]Edge{list("a", "edge1 192.0.2.1 2001:db8::1"), list("b", "2001:db8::1", "edge2 192.0.2.1")},
			"b:1: edge 2001:db8::1 has the address 2001:db8::1 of edge edge1 at a:1: expected an address of its own\n" +
				"b:2: edge edge2 has the address 192.0.2.1 of edge edge1 at a:1: expected an address of its own"},
		{"listed nowhere in particular", [][]Edge{loose, loose, list("b", "192.0.2.9")},
			"b:1: edge 192.0.2.9 has the address 192.0.2.9 of edge edge9.example.net: expected an address of its own"},
	} {
		t.Run(test.name, func(t *testing.T) {
			edges, notes, err := MergeEdges(test.lists...)
			got := showEdges(edges, notes)
			if err != nil {
				got += err.Error()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("merged edges differ (-want +got):\n%s", diff)
			}
		})
	}
}
