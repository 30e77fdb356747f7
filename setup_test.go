package edgemanage

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/caddy"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the .want files of testdata anew; read the diff before committing it")

// TestCorefileFaults starts a server with each testdata/bad/*.corefile and compares all that is said with the .want file
// beside it. The faults that need no server are in config/testdata.
func TestCorefileFaults(t *testing.T) {
	t.Chdir("testdata/bad") // so that messages name the file alone
	files, err := filepath.Glob("*.corefile")
	if err != nil || len(files) < 15 {
		t.Fatalf("found %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".corefile"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			inst, err := caddy.Start(input(file, string(text)))
			if err == nil {
				t.Fatalf("it starts; stopping it: %v", stopInstance(inst))
			}
			if active.Load() != nil {
				t.Error("an engine runs")
			}
			wanted(t, strings.TrimSuffix(file, ".corefile")+".want", err.Error()+"\n")
		})
	}
}

// wanted compares with a golden file.
func wanted(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("faults differ (-want +got):\n%s", diff)
	}
}

// TestZonesServed has what each block of a Corefile serves from which network, once it has started.
func TestZonesServed(t *testing.T) {
	const local = "\nbind 127.0.0.1\n"
	def := func(head string) string { return "edgemanage " + head + " {" + body + "}\n" }
	type zones map[string]string // origin: network
	for _, test := range []struct {
		name, corefile string
		want           []zones // a block each
	}{
		{"the block's keys", "example.org:0 example.net:0 {" + local + def("mynet") + "}", []zones{{"example.org.": "mynet", "example.net.": "mynet"}}},
		{"keys with schemes and case", "dns://Example.ORG:0 {" + local + def("mynet") + "}", []zones{{"example.org.": "mynet"}}},
		{"named", ".:0 {" + local + def("mynet EXAMPLE.org example.net.") + "}", []zones{{"example.org.": "mynet", "example.net.": "mynet"}}},
		{"named under a key", "org:0 {" + local + def("mynet a.example.org") + "}", []zones{{"a.example.org.": "mynet"}}},
		{"reverse zone", ".:0 {" + local + def("mynet 192.0.2.0/24") + "}", []zones{{"2.0.192.in-addr.arpa.": "mynet"}}},
		{"several networks", ".:0 {" + local + def("a example.org") + def("b example.net") + "}",
			[]zones{{"example.org.": "a", "example.net.": "b"}}},
		{"zones that enclose each other in two networks", ".:0 {" + local + def("a example.org") + def("b sub.example.org") + "}",
			[]zones{{"example.org.": "a", "sub.example.org.": "b"}}},
		{"without a body, before", "example.org:0 {" + local + "edgemanage mynet\n}\nexample.net:0 {" + local + def("mynet") + "}",
			[]zones{{"example.org.": "mynet"}, {"example.net.": "mynet"}}},
		{"without a body, after", ".:0 {" + local + def("mynet example.org") + "}\nnet:0 {" + local + "edgemanage mynet example.net\n}",
			[]zones{{"example.org.": "mynet"}, {"example.net.": "mynet"}}},
		{"one zone in two blocks", "example.org:0 {" + local + def("a") + "}\nexample.org.:0 {\nbind 127.0.0.2\n" + def("b") + "}",
			[]zones{{"example.org.": "a"}, {"example.org.": "b"}}},
		{"dry run", ".:0 {" + local + def("a example.org") + strings.Replace(def("b example.net"), "{", "{\ndry_run", 1) + "}",
			[]zones{{"example.org.": "a"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			serve(t, test.corefile)
			var got []zones
			for _, h := range active.Load().handlers {
				block := zones{}
				for origin, z := range h.table() {
					block[origin] = z.network.Config().Name
				}
				got = append(got, block)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("zones differ (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOneEngine: however many blocks name a network, it is probed once.
func TestOneEngine(t *testing.T) {
	serve(t, "example.org:0 example.net:0 {\nbind 127.0.0.1\nedgemanage mynet {"+body+"}\n}\nexample.com:0 {\nbind 127.0.0.1\nedgemanage mynet\n}")
	e := active.Load()
	if got := slices.Collect(maps.Keys(e.networks)); len(got) != 1 || len(e.handlers) != 2 {
		t.Errorf("networks %q for %d blocks, want mynet for 2", got, len(e.handlers))
	}
	if e.handlers[0].table()["example.org."].network != e.handlers[1].table()["example.com."].network {
		t.Error("the blocks have a network each")
	}
}
