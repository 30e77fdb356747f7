package edgemanage

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// transferred collects a transfer.
func transferred(e *Edgemanage, zone string, serial uint32) (records []dns.RR, err error) {
	ch, err := e.Transfer(zone, serial)
	if err != nil {
		return nil, err
	}
	for rrs := range ch {
		records = append(records, rrs...)
	}
	return records, nil
}

// TestTransferWhole: a transfer has every record once, the SOA first and last, in the order of the written file.
func TestTransferWhole(t *testing.T) {
	many := strings.Builder{}
	for i := range 250 {
		fmt.Fprintf(&many, "host%d A 198.51.100.1\n", i)
	}
	dir := includesOf(t, map[string]string{"example.org": "mail A 198.51.100.1\n@ MX 10 mail\n", "example.com": many.String()})
	e := running(t, edges{}, silent, covered(network.Live, network.Live), "edgemanage mynet {"+body+"includes "+dir+"\n}", ".")
	records, err := transferred(e, "Example.ORG", 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, rr := range records {
		got = append(got, record(rr))
	}
	want := []string{soa, "example.org. 3600 IN NS ns1.example.org.", "example.org. 3600 IN NS ns2.example.org."}
	for _, owner := range []string{"example.org.", "www.example.org.", "a.b.example.org."} {
		want = append(want, owner+" 60 IN A 192.0.2.1", owner+" 60 IN A 192.0.2.2", owner+" 60 IN AAAA 2001:db8::1")
	}
	want = append(want, "mail.example.org. 300 IN A 198.51.100.1", "example.org. 300 IN MX 10 mail.example.org.", soa)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("transfer differs (-want +got):\n%s", diff)
	}
	if records, err := transferred(e, "example.com.", 0); len(records) != 1+2+9+250+1 {
		t.Errorf("%d records of example.com, %v", len(records), err)
	}
}

// TestTransferSerial: a client that is up to date gets the SOA alone, by RFC 1982; all others get the zone.
func TestTransferSerial(t *testing.T) {
	dir := includesOf(t, map[string]string{"example.org": ""})
	e := running(t, edges{}, silent, covered(network.Live, network.Live), "edgemanage mynet {"+body+"includes "+dir+"\n}", ".")
	whole, err := transferred(e, "example.org.", 0)
	if err != nil {
		t.Fatal(err)
	}
	current := whole[0].(*dns.SOA).Serial
	for _, test := range []struct {
		name   string
		serial uint32
		alone  bool
	}{
		{"none", 0, false},
		{"current", current, true},
		{"older", current - 1, false},
		{"much older", current - 1<<31 + 1, false},
		{"newer", current + 1, true},
		{"much newer", current + 1<<31 - 1, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			records, err := transferred(e, "example.org.", test.serial)
			if err != nil {
				t.Fatal(err)
			}
			if alone := len(records) == 1 && records[0].Header().Rrtype == dns.TypeSOA; alone != test.alone || !alone && len(records) != len(whole) {
				t.Errorf("%d records for serial %d while %d is current", len(records), test.serial, current)
			}
		})
	}
}

// TestTransferDuringRotation: a thousand transfers while the set rotates all the time are each one version of the zone:
// the SOA at both ends is the same, the same addresses are at the apex and at each label, and one serial has one content.
func TestTransferDuringRotation(t *testing.T) {
	var filler strings.Builder
	for i := range 150 { // so that a transfer is in several messages
		fmt.Fprintf(&filler, "host%d A 198.51.100.1\n", i)
	}
	dir := includesOf(t, map[string]string{"example.org": "svc HTTPS 1 @\n" + filler.String()})
	e := running(t, edges{}, silent, covered(network.Live, network.Live), "edgemanage mynet {"+body+"max_changes 0\nincludes "+dir+"\n}", ".")
	n := e.engine.networks["mynet"]
	done := make(chan struct{})
	var rotation, clients sync.WaitGroup
	changes := 0
	rotation.Go(func() {
		for ; ; changes++ {
			edge := []string{"192.0.2.1", "192.0.2.2"}[changes%2]
			for _, mode := range []selector.Mode{selector.Unavailable, selector.Available} {
				select {
				case <-done:
					return
				default:
				}
				_, err := n.SetMode(t.Context(), network.ModeChange{Edge: edge, Mode: mode, Comment: "x", Author: "test"})
				if err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	var mu sync.Mutex
	versions := map[uint32]string{}
	const transfers, workers = 1000, 4
	for range workers {
		clients.Go(func() {
			for range transfers / workers {
				records, err := transferred(e, "example.org.", 0)
				if err != nil {
					t.Error(err)
					return
				}
				serial, content := consistent(t, records)
				mu.Lock()
				if before, ok := versions[serial]; ok && before != content {
					t.Errorf("serial %d has two contents:\n%s\n%s", serial, before, content)
				}
				versions[serial] = content
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	close(done)
	rotation.Wait()
	t.Logf("%d versions in %d transfers, while two edges went and came %d times", len(versions), transfers, changes)
	if len(versions) < 2 {
		t.Error("the set never rotated")
	}
}

// consistent checks a transfer against itself and returns its serial and content.
func consistent(t *testing.T, records []dns.RR) (serial uint32, content string) {
	t.Helper()
	at := map[string][]string{}
	var lines []string
	for _, rr := range records {
		lines = append(lines, rr.String())
		if a, ok := rr.(*dns.A); ok {
			at[a.Hdr.Name] = append(at[a.Hdr.Name], a.A.String())
		}
		if svc, ok := rr.(*dns.HTTPS); ok {
			at["hint"] = strings.Split(svc.Value[0].String(), ",")
		}
	}
	first, last := records[0].(*dns.SOA), records[len(records)-1].(*dns.SOA)
	live := at["example.org."]
	switch {
	case first.Serial != last.Serial:
		t.Errorf("it begins with serial %d and ends with %d", first.Serial, last.Serial)
	case len(live) == 0, !slices.Equal(live, at["www.example.org."]), !slices.Equal(live, at["a.b.example.org."]), !slices.Equal(live, at["hint"]):
		t.Errorf("addresses of two versions: %v", at)
	}
	return first.Serial, strings.Join(lines, "\n")
}
