package state

import (
	"bytes"
	"errors"
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
	d := Document{SetSerial: 7, Modes: map[string]Mode{"e1": {Mode: "unavailable", Comment: "disk", At: start}}}
	want := `{
  "format": 1,
  "sha256": "82ba6e1f0290a4c453226f4196d1c00130c320f4da6b662b479cfac506975fb5",
  "state": {
    "set_serial": 7,
    "modes": {
      "e1": {
        "mode": "unavailable",
        "comment": "disk",
        "at": "2026-01-02T15:04:05Z"
      }
    }
  }
}
`
	if diff := cmp.Diff(want, string(mustEncode(t, d))); diff != "" {
		t.Errorf("state.json (-want +got):\n%s", diff)
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
		return Document{
			SetSerial:   rapid.Uint32().Draw(t, "serial"),
			Fingerprint: text.Draw(t, "fingerprint"),
			Zones:       rapid.MapOf(text, rapid.Map(rapid.Uint32(), func(n uint32) Zone { return Zone{Serial: n, Print: "p", Displaced: "e"} })).Draw(t, "zones"),
			Modes:       rapid.MapOfN(text, mode, 0, 4).Draw(t, "modes"),
			Freeze:      rapid.Ptr(freeze, true).Draw(t, "freeze"),
			Families:    rapid.MapOfN(text, family, 0, 2).Draw(t, "families"),
			Edges:       rapid.MapOfN(text, rapid.SliceOfN(entry, 0, 4), 0, 3).Draw(t, "edges"),
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
