package demo

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

func port(e *edge) string { return strconv.Itoa(int(e.addr.Port())) }

func writeObject(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "object")
	if err := os.WriteFile(file, []byte(object), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// The files are what the plugin and the plugin file can read, wherever the directory is.
func TestWriteFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), `with a "blank"`)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	es := startTest(t)
	if err := writeFiles(dir, Options{DNS: "127.0.0.1:1053", Metrics: "127.0.0.1:9153", Status: "127.0.0.1:9154"}, es); err != nil {
		t.Fatal(err)
	}
	networks, err := config.ReadCorefile(filepath.Join(dir, "Corefile"))
	if err != nil {
		t.Fatal(err)
	}
	n := networks[0]
	if len(networks) != 1 || n.Name != netName || n.State != filepath.Join(dir, "state") || n.Object.URL.Port() != port(es[0]) {
		t.Errorf("got %+v", networks)
	}
	if n.Control != filepath.Join(dir, socket) || n.StatusAddress != "127.0.0.1:9154" {
		t.Errorf("got control socket %q and status page %q", n.Control, n.StatusAddress)
	}
	got, _, err := config.ReadEdges(n.Sources[0].File)
	if err != nil || len(got) != edgeCount || got[5].Name != "edge6" || got[5].Addrs[0] != es[5].addr.Addr() {
		t.Errorf("got edges %v, error %v", got, err)
	}
	if text, err := os.ReadFile(n.Object.File); string(text) != object {
		t.Errorf("got object %q, error %v", text, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "Corefile"))
	if err != nil || !strings.HasPrefix(string(text), mark) || !strings.Contains(string(text), "\n    prometheus 127.0.0.1:9153\n") {
		t.Errorf("got Corefile %q, error %v", text, err)
	}
	types := map[string]int{}
	parser := dns.NewZoneParser(strings.NewReader(zoneText), zone, "example.org.zone")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		types[dns.TypeToString[rr.Header().Rrtype]]++
	}
	want := map[string]int{"SOA": 1, "NS": 1, "MX": 1, "TXT": 1, "A": 2}
	if diff := cmp.Diff(want, types); diff != "" || parser.Err() != nil {
		t.Errorf("error %v, records (-want +got):\n%s", parser.Err(), diff)
	}
}
