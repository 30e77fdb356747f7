package zonefile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// FuzzParseInclude: nothing makes it panic, faults are within the file, and what is accepted can be written and read
// again, with the same records.
func FuzzParseInclude(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.zone", "testdata/bad/*.zone"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	labels := []string{"www", "app.eu"}
	f.Fuzz(func(t *testing.T, data []byte) {
		const zone = "example.org."
		inc, err := ParseInclude("x", zone, labels, data)
		if err != nil {
			faults, ok := errors.AsType[*FaultsError](err)
			if !ok {
				t.Fatal(err)
			}
			lines := 1 + strings.Count(string(data), "\n")
			for _, fault := range faults.Faults {
				if fault.Line < 1 || fault.Line > lines {
					t.Errorf("%v: there are %d lines", fault, lines)
				}
			}
			return
		}
		records := testTemplate(labels).Complete(zone, 1, live4, live6, inc)
		text := render(t, zone, records)
		if diff := cmp.Diff(wires(t, records), wires(t, parseZone(t, zone, text))); diff != "" {
			t.Errorf("the whole zone (-written +read):\n%s\n%s", diff, text)
		}
		again, err := ParseInclude("x", zone, labels, []byte(render(t, zone, inc.Records)))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if inc.Digest != again.Digest {
			t.Errorf("the include (-written +read):\n%s", cmp.Diff(wires(t, inc.Records), wires(t, again.Records)))
		}
	})
}

// parseZone reads a whole zone.
func parseZone(t *testing.T, zone, text string) []dns.RR {
	t.Helper()
	var records []dns.RR
	zp := dns.NewZoneParser(strings.NewReader(text), zone, "")
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		records = append(records, rr)
	}
	if err := zp.Err(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return records
}

// wires returns records as they are sent.
func wires(t *testing.T, records []dns.RR) []string {
	t.Helper()
	sent := make([]string, len(records))
	buf := make([]byte, dns.MaxMsgSize)
	for i, rr := range records {
		n, err := dns.PackRR(rr, buf, 0, nil, false)
		if err != nil {
			t.Fatalf("%v: %v", rr, err)
		}
		sent[i] = string(buf[:n])
	}
	return sent
}
