package edgemanage

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// servedNow has the zones of each server block with the networks that they are served from.
func servedNow() (blocks []map[string]string) {
	for _, h := range active.Load().handlers {
		block := map[string]string{}
		for origin, z := range h.table() {
			block[origin] = z.network.Config().Name
		}
		blocks = append(blocks, block)
	}
	return blocks
}

// TestServeIncludes has what server blocks serve of networks with includes at the start, and after files came and went.
func TestServeIncludes(t *testing.T) {
	type zones = map[string]string // origin: network
	type change struct {
		add, remove []string // network/zone
		want        []zones
	}
	// The directories a, b are those of the networks' includes.
	for _, test := range []struct {
		name     string
		files    []string
		corefile func(a, b string) string
		want     []zones // a block each
		then     []change
	}{
		{"the block is the root", []string{"a/example.org", "a/example.net"},
			func(a, _ string) string { return ".:0 {\nbind 127.0.0.1\nedgemanage a {" + body + a + "}\n}" },
			[]zones{{"example.org.": "a", "example.net.": "a"}},
			[]change{
				{[]string{"a/example.com", "a/sub.example.org"}, []string{"a/example.net"}, []zones{{"example.org.": "a", "example.com.": "a", "sub.example.org.": "a"}}},
				{nil, []string{"a/example.com", "a/sub.example.org"}, []zones{{"example.org.": "a"}}},
				{nil, []string{"a/example.org"}, []zones{{}}}, // the last one alone: several at once would be kept
			}},
		{"named ones too", []string{"a/example.org"},
			func(a, _ string) string {
				return ".:0 {\nbind 127.0.0.1\nedgemanage a example.net {" + body + a + "}\n}"
			},
			[]zones{{"example.org.": "a", "example.net.": "a"}},
			[]change{{[]string{"a/example.net"}, nil, []zones{{"example.org.": "a", "example.net.": "a"}}},
				{nil, []string{"a/example.org"}, []zones{{"example.net.": "a"}}},
				{nil, []string{"a/example.net"}, []zones{{"example.net.": "a"}}}}},
		{"under no key of the block", []string{"a/example.org", "a/example.net"},
			func(a, _ string) string { return "org:0 {\nbind 127.0.0.1\nedgemanage a {" + body + a + "}\n}" },
			[]zones{{"example.org.": "a"}},
			[]change{{[]string{"a/www.org", "a/example.com"}, nil, []zones{{"example.org.": "a", "www.org.": "a"}}}}},
		{"in two networks, but under no key of the block", []string{"a/example.org", "a/example.net", "b/example.net"},
			func(a, b string) string {
				return "org:0 {\nbind 127.0.0.1\nedgemanage a {" + body + a + "}\nedgemanage b {" + body + b + "}\n}"
			},
			[]zones{{"example.org.": "a"}}, nil},
		{"blocks without a body, by their keys", []string{"a/example.org", "a/example.net"},
			func(a, _ string) string {
				return "org:0 {\nbind 127.0.0.1\nedgemanage a\n}\n.:0 {\nbind 127.0.0.2\nedgemanage a {" + body + a + "}\n}\nnet:0 {\nbind 127.0.0.3\nedgemanage a www.net\n}"
			},
			[]zones{{"example.org.": "a"}, {"example.org.": "a", "example.net.": "a"}, {"example.net.": "a", "www.net.": "a"}},
			[]change{{[]string{"a/sub.example.net"}, []string{"a/example.org"},
				[]zones{{}, {"example.net.": "a", "sub.example.net.": "a"}, {"example.net.": "a", "sub.example.net.": "a", "www.net.": "a"}}}}},
		{"a zone that comes to two networks stays with the first", []string{"a/example.org", "b/example.net"},
			func(a, b string) string {
				return ".:0 {\nbind 127.0.0.1\nedgemanage a {" + body + a + "}\nedgemanage b {" + body + b + "}\n}"
			},
			[]zones{{"example.org.": "a", "example.net.": "b"}},
			[]change{
				{[]string{"b/example.org", "b/example.com"}, nil, []zones{{"example.org.": "a", "example.net.": "b", "example.com.": "b"}}},
				{nil, []string{"a/example.org"}, []zones{{"example.org.": "b", "example.net.": "b", "example.com.": "b"}}},
			}},
		{"dry run", []string{"a/example.org", "b/example.net"},
			func(a, b string) string {
				return ".:0 {\nbind 127.0.0.1\nedgemanage a {" + body + a + "dry_run\n}\nedgemanage b {" + body + b + "}\n}"
			},
			[]zones{{"example.net.": "b"}},
			[]change{{[]string{"a/example.com", "b/sub.example.net"}, nil, []zones{{"example.net.": "b", "sub.example.net.": "b"}}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range []string{"a", "b"} {
				if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			add := func(files []string) {
				for _, file := range files {
					include(t, dir, file, "")
				}
			}
			add(test.files)
			serve(t, test.corefile("includes "+filepath.Join(dir, "a")+"\n", "includes "+filepath.Join(dir, "b")+"\n"))
			if diff := cmp.Diff(test.want, servedNow()); diff != "" {
				t.Fatalf("zones at the start differ (-want +got):\n%s", diff)
			}
			for _, c := range test.then {
				add(c.add)
				for _, file := range c.remove {
					if err := os.Remove(filepath.Join(dir, file+".zone")); err != nil {
						t.Fatal(err)
					}
				}
				await(t, "the zones to change", func() bool { return slices.EqualFunc(c.want, servedNow(), maps.Equal) })
			}
		})
	}
}
