package zonefile

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

var update = flag.Bool("update", false, "write what is got to testdata")

// testTemplate is that of all tests; labels differ.
func testTemplate(labels []string) *Template {
	return &Template{
		NS: []string{"ns1.example.net.", "ns2.example.net."}, MName: "ns1.example.net.",
		Refresh: 300, Retry: 300, Expire: 1209600, Minimum: 60, TTL: 60, Labels: labels,
	}
}

var (
	live4 = []netip.Addr{netip.MustParseAddr("192.0.2.11"), netip.MustParseAddr("192.0.2.12")}
	live6 = []netip.Addr{netip.MustParseAddr("2001:db8::11")}
)

// labelsOf are the labels that the first line of a file of the corpus names.
func labelsOf(data []byte) []string {
	first, _, _ := strings.Cut(string(data), "\n")
	if names, ok := strings.CutPrefix(first, "; labels:"); ok {
		return strings.Fields(names)
	}
	return nil
}

func readTestdata(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// compareGolden compares with a file beside the input.
func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(readTestdata(t, path)), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func render(t testing.TB, zone string, records []dns.RR) string {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, zone, records); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGood(t *testing.T) {
	zones, notes, err := ZonesIn("testdata/good")
	if err != nil || len(zones) < 20 {
		t.Fatalf("got %d zones, %v", len(zones), err)
	}
	for _, note := range notes {
		if !strings.Contains(note.Error(), "expected a name that ends in .zone") {
			t.Error(note)
		}
	}
	for zone, path := range zones {
		t.Run(zone, func(t *testing.T) {
			labels := labelsOf(readTestdata(t, path))
			inc, err := ReadInclude(path, zone, labels)
			if err != nil {
				t.Fatal(err)
			}
			if len(inc.Notes) > 0 {
				t.Errorf("notes: %v", errors.Join(inc.Notes...))
			}
			records := testTemplate(labels).Complete(zone, 2026010203, live4, live6, inc)
			compareGolden(t, strings.TrimSuffix(path, suffix)+".want", render(t, zone, records))
		})
	}
}

func TestBad(t *testing.T) {
	paths, err := filepath.Glob("testdata/bad/*.zone")
	if err != nil || len(paths) < 15 {
		t.Fatalf("got %d files, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), suffix), func(t *testing.T) {
			data := readTestdata(t, path)
			inc, err := ParseInclude(filepath.Base(path), "example.org.", labelsOf(data), data)
			faults, ok := errors.AsType[*FaultsError](err)
			if !ok || inc != nil {
				t.Fatalf("got %v, %v; want a FaultsError", inc, err)
			}
			got := faults.Error() + "\n\n"
			for _, fault := range faults.Unwrap() {
				got += fault.Error() + "\n"
			}
			if faults.More > 0 {
				got += fmt.Sprintf("%d more\n", faults.More)
			}
			compareGolden(t, strings.TrimSuffix(path, suffix)+".want", got)
		})
	}
}
