//go:build e2e

package test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// secondaryKind is a program that takes zones over from a primary, run by whoever runs the test, in a directory of its own.
type secondaryKind struct {
	name, program string
	example       string // the configuration that operators are shown, with the zone example.org and the primary 192.0.2.1
	own           string // what the test adds for a process of its own; DIR and PORT are replaced
	edits         []edit // what the test changes in the example, so that it sees the whole of what was taken over
	signed        []edit // the changes for transfers with a key
	zoneFrom      string // begins the part of the example that is repeated for each zone
	args          []string
}

// edit replaces what stands in a configuration once.
type edit struct{ from, to string }

// The key of transfers that are signed.
const (
	keyName   = "transfer-key"
	keySecret = "wE6dUaWLu9Cf4lDOtY3oGUvPO2nv0yuAx8PBSI2l5pI="
)

var secondaryKinds = []secondaryKind{
	{
		name: "BIND", program: "named", example: "named.conf", zoneFrom: "zone ", args: []string{"-g", "-n", "1", "-U", "1", "-c"},
		own: `options {
    directory "DIR"; pid-file none; session-keyfile none;
    listen-on port PORT { 127.0.0.1; }; listen-on-v6 { none; };
    recursion no; dnssec-validation no; allow-transfer { 127.0.0.1; };
};
controls { };
key "` + keyName + `" { algorithm hmac-sha256; secret "` + keySecret + `"; };
`,
		signed: []edit{{"{ 127.0.0.1; }", `{ 127.0.0.1 key "` + keyName + `"; }`}},
	},
	{
		name: "NSD", program: "nsd", example: "nsd.conf", zoneFrom: "zone:", args: []string{"-d", "-c"},
		own: `server:
    ip-address: 127.0.0.1@PORT
    server-count: 1
    username: ""
    zonesdir: "DIR"
    database: ""
    pidfile: ""
    xfrdfile: "DIR/xfrd.state"
    xfrdir: "DIR"
    zonelistfile: "DIR/zone.list"
    verbosity: 2
remote-control:
    control-enable: no
key:
    name: "` + keyName + `"
    algorithm: hmac-sha256
    secret: "` + keySecret + `"
`,
		edits:  []edit{{"name: edgemanage\n", "name: edgemanage\n    provide-xfr: 127.0.0.1 NOKEY\n"}},
		signed: []edit{{"PRIMARY NOKEY", "PRIMARY " + keyName}},
	},
	{
		name: "Knot", program: "knotd", example: "knot.conf", zoneFrom: "zone:", args: []string{"-c"},
		own: `server:
    listen: 127.0.0.1@PORT
    rundir: DIR
    udp-workers: 1
    tcp-workers: 1
database:
    storage: DIR
log:
  - target: stderr
    any: info
key:
  - id: ` + keyName + `
    algorithm: hmac-sha256
    secret: ` + keySecret + `
`,
		edits:  []edit{{"action: notify", "action: [notify, transfer]"}},
		signed: []edit{{"address: 127.0.0.1@PRIMARY", "address: 127.0.0.1@PRIMARY\n    key: " + keyName}},
	},
}

// configuration is what the program is started with, for a primary on loopback.
func (k *secondaryKind) configuration(t testing.TB, dir, port, primary string, zones []string, signed bool) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../examples/secondaries", k.example))
	if err != nil {
		t.Fatal(err)
	}
	// The port of the primary is its last mark, so that the edits read as the example does.
	example := strings.NewReplacer("192.0.2.1@53", "127.0.0.1@PRIMARY", "port 53", "port PRIMARY", "192.0.2.1", "127.0.0.1").Replace(string(b))
	edits := k.edits
	if signed {
		edits = append(slices.Clone(edits), k.signed...)
	}
	for _, e := range edits {
		if n := strings.Count(example, e.from); n != 1 {
			t.Fatalf("%s holds %q %d times, want once:\n%s", k.example, e.from, n, example)
		}
		example = strings.Replace(example, e.from, e.to, 1)
	}
	at := strings.Index("\n"+example, "\n"+k.zoneFrom)
	if at < 0 || !strings.Contains(example, "PRIMARY") {
		t.Fatalf("%s has no line that begins with %q, or no primary:\n%s", k.example, k.zoneFrom, example)
	}
	conf := k.own + example[:at]
	for _, zone := range zones {
		conf += strings.ReplaceAll(example[at:], "example.org", strings.TrimSuffix(zone, ".")) + "\n"
	}
	if k.name == "Knot" {
		// A section may stand there once.
		first, rest, _ := strings.Cut(conf, "\nzone:\n")
		conf = first + "\nzone:\n" + strings.ReplaceAll(rest, "zone:\n", "")
	}
	return strings.NewReplacer("DIR", dir, "PORT", port, "PRIMARY", primary).Replace(conf)
}
