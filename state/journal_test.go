package state

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// encodeAll returns the journal of samples in records of at most perRecord, and where each record ends.
func encodeAll(samples []Sample, perRecord int) (journal []byte, ends []int) {
	var e encoder
	for len(samples) > 0 {
		batch := samples[:min(perRecord, len(samples))]
		var done int
		journal, done, _ = e.record(journal, batch)
		samples = samples[done:]
		ends = append(ends, len(journal))
	}
	return journal, ends
}

func decodeAll(t testing.TB, journal []byte) []Sample {
	t.Helper()
	var got []Sample
	if err := readSamples(bytes.NewReader(journal), func(s Sample) { got = append(got, s) }); err != nil {
		t.Fatal(err)
	}
	return got
}

// diffSamples is cmp.Diff, but fast where there is no difference.
func diffSamples(want, got []Sample) string {
	if slices.EqualFunc(want, got, func(a, b Sample) bool {
		return a.Edge == b.Edge && a.IPv6 == b.IPv6 && a.At.Equal(b.At) && a.Took == b.Took && a.Outcome == b.Outcome
	}) {
		return ""
	}
	return cmp.Diff(want, got)
}

func TestRecordText(t *testing.T) {
	at := time.UnixMilli(1767366245123)
	tests := map[string]struct {
		samples []Sample
		want    string
	}{
		"one success": {
			[]Sample{{"e1.example.net", false, at, 1500 * time.Microsecond, "ok"}},
			"1767366245123 +0=e1.example.net/4 0:1500",
		},
		"two families and a failure": {
			[]Sample{
				{"e1", false, at, time.Second, "ok"},
				{"e1", true, at.Add(20 * time.Millisecond), 10 * time.Second, "timeout"},
				{"e1", false, at.Add(10 * time.Millisecond), time.Second, "ok"},
			},
			"1767366245123 +0=e1/4 0:1000000 @20 +1=e1/6 1!timeout:10000000 @-10 0:1000000",
		},
		"hostile name": {
			[]Sample{{"a b\n/6 +0=..\x00\xff", false, at, 0, "o k"}},
			`1767366245123 +0="a\x20b\n/6\x20+0=..\x00\xff"/4 0!"o\x20k":0`,
		},
		"an address": {
			[]Sample{{"2001:db8::1", true, at, -time.Second, "ok"}},
			"1767366245123 +0=2001:db8::1/6 0:0",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			journal, _ := encodeAll(test.samples, 10)
			payload, size, _ := parseRecord(journal)
			if diff := cmp.Diff(test.want, string(payload)); diff != "" {
				t.Errorf("payload (-want +got):\n%s", diff)
			}
			if size != len(journal) {
				t.Errorf("got a record of %d bytes, want %d", size, len(journal))
			}
		})
	}
}

// TestSamplesPassOver: what a later version may add does not cost the samples beside it.
func TestSamplesPassOver(t *testing.T) {
	one := Sample{Edge: "e", At: time.UnixMilli(5).UTC(), Took: time.Microsecond, Outcome: "ok"}
	tests := map[string]struct {
		payload string
		want    []Sample
	}{
		"unknown token":       {"5 ~new +0=e/4 0:1 0?7", []Sample{one}},
		"unknown id":          {"5 +0=e/4 1:1 0:1 7!timeout:1", []Sample{one}},
		"undefined between":   {"5 +3=e/4 1:1 3:1", []Sample{one}},
		"unknown family":      {"5 +0=e/5 0:1 +0=e/4 0:1", []Sample{one}},
		"id beyond reason":    {"5 +99999999=e/4 99999999:1 +0=e/4 0:1", []Sample{one}},
		"number beyond all":   {"5 +0=e/4 0:99999999999999999999 0:9223372036854775807 0:1", []Sample{one}},
		"a failure called ok": {"5 +0=e/4 0!ok:1 0:1", []Sample{one}},
		"bad quoting":         {`5 +0="e/4 0:1 +0=e/4 0!"x:1 0!:1 0!x 0!x: 0:1`, []Sample{one}},
		"empty tokens":        {"5  +0=e/4   0:1 ", []Sample{one}},
		"bad offset":          {"5 @x @ +0=e/4 0:1", []Sample{one}},
		"redefined":           {"5 +0=f/6 +0=e/4 0:1", []Sample{one}},
		"no time":             {"x +0=e/4 0:1", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := decodeAll(t, frame(nil, []byte(test.payload)))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("samples (-want +got):\n%s", diff)
			}
		})
	}
}

// anyName makes names of hosts and names that mean harm.
func anyName() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"e1.example.net", "192.0.2.1", "2001:db8::1", "", " ", "a b", "\n", "../..", "\x00", `"`, `\`, "0:1", "+0=a/4", "é"}),
		rapid.String(),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
	)
}

func anySample() *rapid.Generator[Sample] {
	return rapid.Custom(func(t *rapid.T) Sample {
		return Sample{
			Edge:    anyName().Draw(t, "edge"),
			IPv6:    rapid.Bool().Draw(t, "ipv6"),
			At:      time.UnixMilli(rapid.Int64Range(-1e15, 1e15).Draw(t, "at")).UTC(),
			Took:    time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "took")) * time.Microsecond,
			Outcome: rapid.OneOf(rapid.Just("ok"), anyName()).Draw(t, "outcome"),
		}
	})
}

func TestJournalRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SliceOf(anySample()).Draw(t, "samples")
		want := samples
		var journal []byte
		var e encoder
		for len(samples) > 0 {
			n := rapid.IntRange(1, len(samples)).Draw(t, "batch")
			if rapid.Bool().Draw(t, "another process") {
				e.reset()
			}
			var done, rejected int
			journal, done, rejected = e.record(journal, samples[:n])
			if rejected > 0 {
				t.Fatalf("rejected %d of %+v", rejected, samples[:n])
			}
			samples = samples[done:]
		}
		var got []Sample
		if err := readSamples(bytes.NewReader(journal), func(s Sample) { got = append(got, s) }); err != nil {
			t.Fatal(err)
		}
		if diff := diffSamples(want, got); diff != "" {
			t.Fatalf("samples (-want +got):\n%s", diff)
		}
	})
}

// Each history's samples go to whoever its definition named, in the order in which they arrived, also when an ID comes to
// stand for another history; nobody need want them.
func TestReadHistories(t *testing.T) {
	record := func(payload string) string {
		return fmt.Sprintf("%d %08x %s\n", len(payload), crc32.Checksum([]byte(payload), crc32.MakeTable(crc32.Castagnoli)), payload)
	}
	journal := record("1000 +0=a/4 +1=a/6 +2=b/4 0:1 1:2 2:3 0:4") + record("2000 +0=c/4 0:5 1!refused:6 7:7 2:8")
	got := map[string][]int64{}
	err := readHistories(strings.NewReader(journal), func(edge string, ipv6 bool) func(Sample) {
		if edge == "b" {
			return nil
		}
		return func(s Sample) {
			if s.Edge != edge || s.IPv6 != ipv6 {
				t.Errorf("sample %+v came to %s", s, edge)
			}
			key := fmt.Sprintf("%s %t", edge, ipv6)
			got[key] = append(got[key], s.Took.Microseconds())
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]int64{"a false": {1, 4}, "a true": {2, 6}, "c false": {5}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("samples by history (-want +got):\n%s", diff)
	}
}

func TestRecordBounds(t *testing.T) {
	long := strings.Repeat("\x00", maxName/4)
	plain := strings.Repeat("a", maxName)
	tests := map[string]struct {
		edge, outcome string
		rejected      int
	}{
		"plain to the limit": {plain, plain, 0},
		"plain beyond":       {plain + "a", "ok", 1},
		"quoted beyond":      {long, "ok", 1},
		"outcome beyond":     {"e", long, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var e encoder
			batch := []Sample{{Edge: test.edge, At: start, Outcome: test.outcome}, {Edge: "next", At: start, Outcome: "ok"}}
			journal, done, rejected := e.record(nil, batch)
			if done != 2 || rejected != test.rejected {
				t.Errorf("got %d done, %d rejected; want 2, %d", done, rejected, test.rejected)
			}
			if got := len(decodeAll(t, journal)); got != 2-test.rejected {
				t.Errorf("got %d samples, want %d", got, 2-test.rejected)
			}
		})
	}
	t.Run("a great batch takes several records", func(t *testing.T) {
		want := manySamples(100_000, 5000)
		journal, ends := encodeAll(want, len(want))
		if len(ends) < 2 {
			t.Errorf("got %d records, want several", len(ends))
		}
		if diff := diffSamples(want, decodeAll(t, journal)); diff != "" {
			t.Errorf("samples (-want +got):\n%s", diff)
		}
	})
}

// TestJournalDamage: whatever happens to a byte, only what stood after it is lost.
func TestJournalDamage(t *testing.T) {
	const perRecord = 3
	samples := manySamples(900, 20)
	journal, ends := encodeAll(samples, perRecord)
	before := func(at int) []Sample { // the samples of the records that end at or before a byte
		n := 0
		for n < len(ends) && ends[n] <= at {
			n++
		}
		return samples[:min(n*perRecord, len(samples))]
	}
	check := func(t *testing.T, damaged []byte, at int) extent {
		t.Helper()
		if diff := diffSamples(before(at), decodeAll(t, damaged)); diff != "" {
			t.Fatalf("damage at byte %d: samples (-want +got):\n%s", at, diff)
		}
		x, err := measure(bytes.NewReader(damaged))
		if err != nil {
			t.Fatal(err)
		}
		if x.samples != len(before(at)) || x.sound+x.rest != int64(len(damaged)) {
			t.Fatalf("damage at byte %d: got %+v, want %d samples in %d bytes", at, x, len(before(at)), len(damaged))
		}
		return x
	}
	t.Run("truncated", func(t *testing.T) {
		for at := 0; at < len(journal); at += max(1, len(journal)/1000) {
			if x := check(t, journal[:at], at); x.rest > 0 && !x.torn {
				t.Fatalf("truncated at byte %d: got %+v, want it torn", at, x)
			}
		}
	})
	t.Run("bit flipped", func(t *testing.T) {
		for at := 0; at < len(journal); at += max(1, len(journal)/1000) {
			damaged := bytes.Clone(journal)
			damaged[at] ^= 1 << rand.IntN(8)
			check(t, damaged, at)
		}
	})
	t.Run("zeros at the end", func(t *testing.T) {
		x := check(t, append(bytes.Clone(journal), make([]byte, 5000)...), len(journal))
		if !x.torn {
			t.Errorf("got %+v, want it torn", x)
		}
	})
	t.Run("a long tail", func(t *testing.T) {
		tail := bytes.Repeat([]byte("nothing\n"), maxPayload)
		if x := check(t, append(bytes.Clone(journal), tail...), len(journal)); x.torn {
			t.Errorf("got %+v, want it not torn", x)
		}
	})
}

func TestReadSamplesError(t *testing.T) {
	journal, _ := encodeAll(manySamples(10, 2), 1)
	broken := errors.New("broken disk")
	r := io.MultiReader(bytes.NewReader(journal), failingReader{broken})
	n := 0
	if err := readSamples(r, func(Sample) { n++ }); !errors.Is(err, broken) || n != 10 {
		t.Errorf("got %d samples, error %v; want 10, %v", n, err, broken)
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

func FuzzJournal(f *testing.F) {
	journal, _ := encodeAll(manySamples(20, 4), 5)
	f.Add(journal)
	f.Add(journal[:len(journal)-3])
	f.Add(frame(nil, []byte(`5 +0="a\x20b"/6 0!"x":7 @-3 0:1`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		// As a journal, and as the payload of a record whose checksum is right.
		for _, journal := range [][]byte{data, frame(nil, data)} {
			first := decodeAll(t, journal)
			x, err := measure(bytes.NewReader(journal))
			if err != nil || x.sound+x.rest != int64(len(journal)) {
				t.Fatalf("got %+v, %v of %d bytes", x, err, len(journal))
			}
			again, _ := encodeAll(first, 100)
			if diff := diffSamples(first, decodeAll(t, again)); diff != "" {
				t.Fatalf("read, written and read again (-first +again):\n%s", diff)
			}
		}
	})
}
