package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// runNetwork runs the network of a Corefile as the server does, until stop.
func runNetwork(t *testing.T, corefile string) (stop func()) {
	t.Helper()
	blocks, err := config.ReadBlocks(corefile)
	if err != nil {
		t.Fatal(err)
	}
	c := config.Networks(blocks)[0]
	served, err := config.ZonesOf(blocks, c.Name)
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := network.ReadInputs(&c)
	if err != nil {
		t.Fatal(err)
	}
	n, err := network.New(&c, inputs, network.Options{Prober: network.NewProber(&c), Resolver: prober.NewResolver(nil), Zones: served.Named})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(nil); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			if err := n.Stop().Close(); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	return stop
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	deadline := time.After(time.Minute)
	for !is() {
		select {
		case <-look.C:
		case <-deadline:
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// zoneFiles are the visible files of a directory, by name.
func zoneFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	paths, err := filepath.Glob(filepath.Join(dir, "*.zone"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		files[filepath.Base(path)] = read(t, path)
	}
	return files
}

// What is rendered is what the server writes, to the byte: with the live set, the zone's own serial, a canary and hints.
// Neither a running server nor one that stopped makes a difference, and nothing is written.
func TestRenderEqualsServer(t *testing.T) {
	f := newFarm(t, good, good, good, good)
	corefile := site(t, f, 3, "edge_count 2", "state ./state", "includes ./includes", "zonefiles ./zones", "canaries ./canaries",
		"labels www", "interval 1s", "allow_short_interval", "timeout 900ms", "goodenough 800ms")
	dir := filepath.Dir(corefile)
	write(t, dir, "Corefile", strings.Replace(read(t, corefile), "edgemanage web {", "edgemanage web named.example.org {", 1))
	write(t, dir, "includes/example.org.zone", "@ MX 10 mail\nmail A 192.0.2.9\n@ HTTPS 1 . alpn=h2\n")
	write(t, dir, "includes/trial.example.org.zone", "* CNAME @\n")
	write(t, dir, "includes/bad.example.org.zone", "@ SOA\n")
	write(t, dir, "canaries", "trial.example.org: "+address(3)+"\n")
	if err := os.Mkdir(filepath.Join(dir, "zones"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "zones/named.example.org.zone", "@ SOA ns hostmaster 1900000000 1 1 1 1\n")
	stop := runNetwork(t, corefile)
	written := func() map[string]string { return zoneFiles(t, filepath.Join(dir, "zones")) }
	eventually(t, "the canary to be written", func() bool {
		return strings.Contains(written()["trial.example.org.zone"], address(3)) && strings.Contains(written()["named.example.org.zone"], "\tA\t127.0.0.")
	})
	// The probes come to the journal up to a second after what they led to.
	eventually(t, "the journal to tell of the canary", func() bool {
		_, stdout, _ := execute(t, "render", "--zone", "trial.example.org", corefile)
		return strings.Contains(stdout, address(3))
	})
	compare := func(t *testing.T) {
		out := t.TempDir()
		code, _, stderr := execute(t, "render", "-o", out, corefile)
		if want := "incomplete: network web: its include is bad, and no good version of it is known: bad.example.org."; code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("got exit code %d and %q, want 1 and %q", code, stderr, want)
		}
		want := written()
		if serial := ", serial 190000000"; !strings.Contains(want["named.example.org.zone"], serial) {
			t.Errorf("got %q, want a serial above that of the file found", want["named.example.org.zone"])
		}
		if diff := cmp.Diff(want, zoneFiles(t, out)); diff != "" {
			t.Errorf("-written by the server +rendered\n%s", diff)
		}
		for name, text := range want {
			zone := strings.TrimSuffix(name, ".zone")
			t.Run(zone, func(t *testing.T) {
				code, stdout, _ := execute(t, "render", "--zone", zone, corefile)
				if diff := cmp.Diff(text, stdout); diff != "" || code != 0 {
					t.Errorf("exit code %d, -written by the server +printed\n%s", code, diff)
				}
			})
		}
	}
	t.Run("beside the server", compare)
	stop()
	before := tree(t, dir)
	t.Run("after it", compare)
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("-before +after rendering\n%s", diff)
	}
}

func TestRenderText(t *testing.T) {
	f := newFarm(t, nil)
	corefile := site(t, f, 1, "includes ./includes", "labels www", "serial_floor 3000000000", "soa ns0.example.org. admin.example.org.")
	write(t, filepath.Dir(corefile), "includes/shop.example.org.zone", "@ TXT \"a\" ; b\n@ HTTPS 1 . alpn=h2 ipv4hint=192.0.2.66\n")
	head := func(serial string) string {
		return "; edgemanage writes this file, what is changed here is lost: zone shop.example.org., serial " + serial + `
$ORIGIN shop.example.org.
shop.example.org.	60	IN	SOA	ns0.example.org. admin.example.org. ` + serial + ` 300 300 1209600 60
shop.example.org.	3600	IN	NS	ns1.example.org.
`
	}
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"without addresses", nil, 1, "; incomplete, the server would not write this zone: its live addresses are not decided\n" + head("3000000001") +
			"shop.example.org.\t300\tIN\tTXT\t\"a\"\nshop.example.org.\t60\tIN\tHTTPS\t1 . alpn=\"h2\"\n"},
		{"with addresses", []string{"--live", "192.0.2.2", "--live", "2001:db8::1", "--live", "192.0.2.1"}, 0, head("3000000002") +
			`shop.example.org.	60	IN	A	192.0.2.1
shop.example.org.	60	IN	A	192.0.2.2
shop.example.org.	60	IN	AAAA	2001:db8::1
www.shop.example.org.	60	IN	A	192.0.2.1
www.shop.example.org.	60	IN	A	192.0.2.2
www.shop.example.org.	60	IN	AAAA	2001:db8::1
shop.example.org.	300	IN	TXT	"a"
shop.example.org.	60	IN	HTTPS	1 . alpn="h2" ipv4hint="192.0.2.1,192.0.2.2" ipv6hint="2001:db8::1"
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := execute(t, append([]string{"render", corefile}, tt.args...)...)
			if diff := cmp.Diff(tt.want, stdout); diff != "" || code != tt.code {
				t.Errorf("exit code %d, want %d; stderr %q\n%s", code, tt.code, stderr, diff)
			}
		})
	}
}

func TestRenderExitCodes(t *testing.T) {
	f := newFarm(t, nil)
	okay := site(t, f, 1, "families ipv4")
	twice := write(t, t.TempDir(), "Corefile", read(t, okay)+strings.ReplaceAll(strings.Replace(read(t, okay), "example.org {", "example.org:54 {", 1), " web ", " far "))
	root := write(t, t.TempDir(), "Corefile", strings.Replace(read(t, okay), "example.org {", ". {", 1))
	partly := site(t, f, 1, "includes ./includes")
	write(t, filepath.Dir(partly), "includes/bad.example.org.zone", "@ NS ns\n")
	write(t, filepath.Dir(partly), "includes/empty.example.org.zone", "")
	live := []string{"--live", "192.0.2.1"}
	with := func(more ...string) []string { return append(more, live...) }
	tests := []struct {
		name   string
		args   []string
		code   int
		stdout string // part
		stderr string // part
	}{
		{"named by the block", with(okay), 0, "example.org.\t60\tIN\tA\t192.0.2.1\n", ""},
		{"two networks", with(twice), 2, "", "rendering zone example.org.: networks web and far have it: expected one of them as --network"},
		{"one of two networks", with(twice, "-A", "far"), 0, "zone example.org., ", ""},
		{"no such network", with(okay, "-A", "mars"), 2, "", `there is no network "mars": expected one of web`},
		{"a zone in capitals", with(okay, "--zone", "EXAMPLE.org."), 0, "zone example.org., ", ""},
		{"no such zone", with(okay, "--zone", "example.net"), 2, "", `rendering zone "example.net": no network has it`},
		{"no zone", with(root), 2, "", `the zone "." is the root`},
		{"not an address", []string{okay, "--live", "e0"}, 2, "", `reading --live "e0": expected an address`},
		{"another family", []string{okay, "--live", "2001:db8::1"}, 2, "", "2001:db8::1 is of a family that families leaves out"},
		{"not decided", []string{okay}, 1, "; incomplete, ", "incomplete: network web: its live addresses are not decided: example.org."},
		{"a bad include", with(partly), 1, "; incomplete, ", "bad.example.org.zone"},
		{"a good one beside it", with(partly, "--zone", "empty.example.org"), 0, "zone empty.example.org., ", "bad.example.org.zone"},
		{"onto the includes", with(partly, "-o", filepath.Join(filepath.Dir(partly), "includes")), 2, "", "the includes of network web are there"},
		{"onto a file", with(okay, "-o", okay), 2, "", "not a directory"},
		{"missing Corefile", []string{okay + "x"}, 2, "", "no such file"},
		{"no Corefile", nil, 2, "", "accepts 1 arg(s)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := execute(t, append([]string{"render"}, tt.args...)...)
			if code != tt.code || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) {
				t.Errorf("got exit code %d, stdout %q, stderr %q", code, stdout, stderr)
			}
			if code == 2 && stdout != "" {
				t.Errorf("got %q although nothing could be rendered", stdout)
			}
		})
	}
}

// A list of incomplete zones stays readable however many there are.
func TestRenderManyIncomplete(t *testing.T) {
	f := newFarm(t, nil)
	corefile := site(t, f, 1, "includes ./includes")
	for i := range 9 {
		write(t, filepath.Dir(corefile), fmt.Sprintf("includes/z%d.example.org.zone", i), "")
	}
	_, _, stderr := execute(t, "render", corefile)
	want := "edgemanage: incomplete: network web: its live addresses are not decided: " +
		"z0.example.org. z1.example.org. z2.example.org. z3.example.org. z4.example.org. and 4 more\n"
	if !strings.HasSuffix(stderr, want) {
		t.Errorf("got %q, want %q at the end", stderr, want)
	}
}

// Addresses given in place of the saved ones make every serial rise, that of a zone with a canary or a serial ahead of
// the network's too, or secondaries would not take over what is written.
func TestRenderLiveRaisesSerials(t *testing.T) {
	f := newFarm(t, nil)
	corefile := site(t, f, 1, "state ./state", "includes ./includes", "canaries ./canaries")
	dir := filepath.Dir(corefile)
	write(t, dir, "canaries", "b.example.org: 192.0.2.9\n")
	for _, zone := range []string{"a", "b", "c"} {
		write(t, dir, "includes/"+zone+".example.org.zone", "")
	}
	const serial, ahead = 2_000_000_000, 2_000_000_005
	store, _, err := state.Open(filepath.Join(dir, "state", "web"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	store.Save(state.Document{
		SetSerial: serial, Zones: map[string]state.Zone{"c.example.org.": {Serial: ahead}},
		Families: map[string]state.Family{"ipv4": {Live: []string{"e0"}, Rung: "full", Addresses: map[string]netip.Addr{"e0": netip.MustParseAddr(address(0))}}},
	})
	store.AddSamples([]state.Sample{{Edge: "192.0.2.9", At: time.Now(), Took: time.Millisecond, Outcome: "ok"}})
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	serials := func(args ...string) map[string]uint64 {
		_, stdout, _ := execute(t, append([]string{"render", corefile}, args...)...)
		found := map[string]uint64{}
		for _, m := range regexp.MustCompile(`zone (\S+)\., serial (\d+)`).FindAllStringSubmatch(stdout, -1) {
			found[m[1]], _ = strconv.ParseUint(m[2], 10, 32)
		}
		return found
	}
	before, after := serials(), serials("--live", "192.0.2.1")
	if len(before) != 3 {
		t.Fatalf("got the serials %v, want three", before)
	}
	for zone, s := range before {
		if after[zone] <= s {
			t.Errorf("%s: got the serial %d, was %d", zone, after[zone], s)
		}
	}
}
