package state

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func mustEncode(t testing.TB, d Document) []byte {
	t.Helper()
	data, err := encodeDocument(&d)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, fileMode); err != nil {
		t.Fatal(err)
	}
}

func TestDocumentText(t *testing.T) {
	at := func(s string) Addresses { return Addresses{IPv4: netip.MustParseAddr(s)} }
	pinned := func(name, s string) EdgeEntry { return EdgeEntry{name, []netip.Addr{netip.MustParseAddr(s)}} }
	d := Document{
		SetSerial: 7,
		Modes:     map[string]Mode{"e1": {Mode: "unavailable", Comment: `disk "a" {`, At: start}},
		Addresses: map[string]Addresses{"e1": at("192.0.2.1"), "e2": at("192.0.2.2"), "e3": at("192.0.2.33")},
		Edges: map[string][]EdgeEntry{"/etc/edges": {
			{Name: "e1"}, pinned("e2", "192.0.2.2"), pinned("e3", "192.0.2.3"), pinned("e4", "192.0.2.4"), pinned("a long name of an edge to fill the list", "192.0.2.5"),
		}},
	}
	want := `{
  "format": 1,
  "sha256": "a4460bbfe47456915ac3fed389fe1a56c3699dfe22b876af786e2ea0fe683a59",
  "state": {
    "set_serial": 7,
    "modes": {
      "e1": {"mode":"unavailable","comment":"disk \"a\" {","at":"2026-01-02T15:04:05Z"}
    },
    "addresses": {
      "e1": {"ipv4":"192.0.2.1"},
      "e3": {"ipv4":"192.0.2.33"}
    },
    "edges": {
      "/etc/edges": [
        {"name":"e1"},
        {"name":"e2","addresses":["192.0.2.2"]},
        {"name":"e3","addresses":["192.0.2.3"]},
        {"name":"e4","addresses":["192.0.2.4"]},
        {"name":"a long name of an edge to fill the list","addresses":["192.0.2.5"]}
      ]
    },
    "unserved": [
      "a long name of an edge to fill the list",
      "e4"
    ]
  }
}
`
	if diff := cmp.Diff(want, string(mustEncode(t, d))); diff != "" {
		t.Errorf("state.json (-want +got):\n%s", diff)
	}
}

// TestWholeAddresses: a file from when every address was written says of an edge without one that it has none.
func TestWholeAddresses(t *testing.T) {
	text := `{"addresses": {"e1": {"ipv4": "192.0.2.1"}}, "edges": {"/etc/edges": [{"name": "e2", "addresses": ["192.0.2.2"]}]}}`
	got, err := decodeDocument(fmt.Appendf(nil, `{"format": 1, "sha256": "%x", "state": %s}`, sha256.Sum256([]byte(text)), text))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Addresses{"e1": {IPv4: netip.MustParseAddr("192.0.2.1")}}
	if diff := cmp.Diff(want, got.Addresses, alike); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
}

func TestDecodeDocumentError(t *testing.T) {
	tests := map[string]struct {
		data  string
		newer bool
	}{
		"empty":           {"", false},
		"not JSON":        {"modes:\n", false},
		"no format":       {`{"sha256": "", "state": {}}`, false},
		"negative format": {`{"format": -1, "sha256": "", "state": {}}`, false},
		"newer and wrong": {`{"format": 2, "sha256": "00", "state": {}}`, true},
		"no state":        {`{"format": 1, "sha256": ""}`, false},
		"wrong checksum":  {`{"format": 1, "sha256": "00", "state": {}}`, false},
		"two values":      {string(mustEncode(t, Document{})) + "{}", false},
		"newer":           {`{"format": 2, "crc": 1, "state": []}`, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := decodeDocument([]byte(test.data))
			if err == nil || errors.Is(err, ErrFormat) != test.newer {
				t.Errorf("got error %v, want one; of a newer format: %t", err, test.newer)
			}
		})
	}
}

func anyTime() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(0, 4e18), func(ns int64) time.Time { return time.Unix(0, ns).UTC() })
}

func anyAddr() *rapid.Generator[netip.Addr] {
	return rapid.OneOf(
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 4, 4), func(b []byte) netip.Addr { return netip.AddrFrom4([4]byte(b)) }),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) netip.Addr { return netip.AddrFrom16([16]byte(b)) }),
	)
}

func anyDocument() *rapid.Generator[Document] {
	text, addrs := rapid.String(), rapid.SliceOfN(anyAddr(), 0, 3)
	mode := rapid.Custom(func(t *rapid.T) Mode {
		return Mode{text.Draw(t, "mode"), text.Draw(t, "comment"), text.Draw(t, "author"), text.Draw(t, "claimed"),
			anyTime().Draw(t, "at"), anyTime().Draw(t, "expires")}
	})
	family := rapid.Custom(func(t *rapid.T) Family {
		return Family{
			Live:          rapid.SliceOf(text).Draw(t, "live"),
			Addresses:     rapid.MapOf(text, anyAddr()).Draw(t, "addresses"),
			Fallback:      addrs.Draw(t, "fallback"),
			Rung:          text.Draw(t, "rung"),
			Since:         anyTime().Draw(t, "since"),
			Substitutions: rapid.SliceOf(anyTime()).Draw(t, "substitutions"),
		}
	})
	freeze := rapid.Custom(func(t *rapid.T) Freeze {
		return Freeze{Comment: text.Draw(t, "comment"), Author: text.Draw(t, "author"), At: anyTime().Draw(t, "at"), Expires: anyTime().Draw(t, "expires")}
	})
	entry := rapid.Custom(func(t *rapid.T) EdgeEntry { return EdgeEntry{text.Draw(t, "name"), addrs.Draw(t, "pinned")} })
	return rapid.Custom(func(t *rapid.T) Document {
		edges := rapid.MapOfN(text, rapid.SliceOfN(entry, 0, 4), 0, 3).Draw(t, "edges")
		served := rapid.MapOfN(text, rapid.Custom(func(t *rapid.T) Addresses {
			return Addresses{IPv4: rapid.OneOf(rapid.Just(netip.Addr{}), anyAddr()).Draw(t, "v4"), IPv6: anyAddr().Draw(t, "v6")}
		}), 0, 3).Draw(t, "served")
		// Many are served where they are pinned.
		for _, entries := range edges {
			for _, e := range entries {
				if a := asAddresses(e.Addresses); rapid.Bool().Draw(t, "as pinned") {
					served[e.Name] = a
				}
			}
		}
		return Document{
			SetSerial:   rapid.Uint32().Draw(t, "serial"),
			Fingerprint: text.Draw(t, "fingerprint"),
			Zones:       rapid.MapOf(text, rapid.Map(rapid.Uint32(), func(n uint32) Zone { return Zone{Serial: n, Print: "p", Displaced: "e"} })).Draw(t, "zones"),
			Modes:       rapid.MapOfN(text, mode, 0, 4).Draw(t, "modes"),
			Freeze:      rapid.Ptr(freeze, true).Draw(t, "freeze"),
			Families:    rapid.MapOfN(text, family, 0, 2).Draw(t, "families"),
			Edges:       edges,
			Addresses:   served,
		}
	})
}

func TestDocumentRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyDocument().Draw(t, "document")
		data, err := encodeDocument(&want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeDocument(data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, alike); diff != "" {
			t.Fatalf("document (-want +got):\n%s", diff)
		}
		clone := want.Clone()
		if again, err := encodeDocument(&clone); err != nil || !bytes.Equal(data, again) {
			t.Fatalf("a clone is written as %s, the original as %s", again, data)
		}
	})
}

// TestDocumentDamage: a damaged state.json is never believed, and gives way to the generation before.
func TestDocumentDamage(t *testing.T) {
	dir := t.TempDir()
	newest, previous := sampleDocument(), sampleDocument()
	previous.SetSerial--
	good := mustEncode(t, newest)
	writeFile(t, filepath.Join(dir, previousName), mustEncode(t, previous))

	check := func(t *testing.T, damaged []byte, at int) {
		t.Helper()
		writeFile(t, filepath.Join(dir, stateName), damaged)
		l, err := Read(dir)
		if err != nil {
			t.Fatalf("damage at byte %d: %v", at, err)
		}
		want := newest
		if l.Generation == 1 {
			want = previous
			if len(l.Problems) != 1 || l.ModesLost {
				t.Fatalf("damage at byte %d: got problems %v, modes lost %t; want one, false", at, l.Problems, l.ModesLost)
			}
		}
		if diff := cmp.Diff(want, l.Document, alike); diff != "" {
			t.Fatalf("damage at byte %d: document (-want +got):\n%s", at, diff)
		}
	}
	t.Run("truncated", func(t *testing.T) {
		for at := range good {
			check(t, good[:at], at)
		}
	})
	t.Run("bit flipped", func(t *testing.T) {
		for at := range good {
			damaged := bytes.Clone(good)
			damaged[at] ^= 1 << rand.IntN(8)
			check(t, damaged, at)
		}
	})
}

func FuzzDocument(f *testing.F) {
	f.Add(mustEncode(f, sampleDocument()))
	f.Add(mustEncode(f, Document{}))
	f.Add([]byte(`{"format": 2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := decodeDocument(data)
		if err != nil {
			return
		}
		again, err := decodeDocument(mustEncode(t, d))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, again, alike); diff != "" {
			t.Fatalf("read, written and read again (-first +again):\n%s", diff)
		}
	})
}
