package state

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What operators said outlives damage to either generation: an edge that was taken out must not come back because the last
// of two files cannot be read. Everything else may be a generation older.
func TestOrdersOutliveDamage(t *testing.T) {
	unavailable := map[string]Mode{"a": {Mode: "unavailable", Comment: "rebooting", At: start}}
	tests := []struct {
		name  string
		saves []Document // the last has what operators said
	}{
		{"the first document", []Document{{SetSerial: 1, Modes: unavailable}}},
		{"a mode is set", []Document{{SetSerial: 1}, {SetSerial: 2, Modes: unavailable}}},
		{"a mode is lifted", []Document{{SetSerial: 1, Modes: unavailable}, {SetSerial: 2}}},
		{"a set changes afterwards", []Document{{SetSerial: 1}, {SetSerial: 2, Modes: unavailable}, {SetSerial: 3, Modes: unavailable}}},
		{"a freeze", []Document{{SetSerial: 1}, {SetSerial: 2, Freeze: &Freeze{Comment: "upstream moves", At: start}}}},
		{"another end of a freeze", []Document{
			{SetSerial: 1, Freeze: &Freeze{Comment: "upstream moves", At: start}},
			{SetSerial: 2, Freeze: &Freeze{Comment: "upstream moves", At: start, Expires: start.AddDate(0, 0, 1)}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "main")
			s, _ := mustOpen(t, dir, Options{})
			for _, d := range tt.saves {
				await(t, "saved", s.Save(d).Done())
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(dir, stateName), []byte("damaged"))
			want, got := tt.saves[len(tt.saves)-1], mustRead(t, dir)
			if diff := cmp.Diff(ordersIn(want), ordersIn(got.Document), alike); diff != "" || got.Generation != 1 {
				t.Errorf("generation %d (-want +got):\n%s", got.Generation, diff)
			}
		})
	}
}

// ordersIn is what operators said in a document.
func ordersIn(d Document) Document { return Document{Modes: d.Modes, Freeze: d.Freeze} }

// A change of something else is written once: the generation before is to be another one.
func TestOrdersAreWrittenTwiceOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "main")
	modes := map[string]Mode{"a": {Mode: "unavailable", At: start}}
	s, _ := mustOpen(t, dir, Options{})
	await(t, "saved", s.Save(Document{SetSerial: 1, Modes: modes}).Done())
	s.Close()
	s, _ = mustOpen(t, dir, Options{})
	await(t, "saved", s.Save(Document{SetSerial: 2, Modes: modes}).Done())
	s.Close()
	writeFile(t, filepath.Join(dir, stateName), []byte("damaged"))
	if got := mustRead(t, dir).Document.SetSerial; got != 1 {
		t.Errorf("got serial %d in the generation before, want 1", got)
	}
}

// A crash, or a disk that became full, came between the writes of the two generations, and the next start took the first for
// both: with it damaged the other one brought back the edge that was taken out, and nothing said that modes were lost.
func TestOrdersOfOneGeneration(t *testing.T) {
	out := Document{SetSerial: 2, Modes: map[string]Mode{"a": {Mode: "unavailable", Comment: "rebooting", At: start}}}
	tests := []struct {
		name             string
		newest, previous []byte // nil: there is none
		save             bool   // the document is saved once more
		want             Document
	}{
		{"set in the newest", mustEncode(t, out), mustEncode(t, Document{SetSerial: 1}), false, out},
		{"set in the newest, and saved", mustEncode(t, out), mustEncode(t, Document{SetSerial: 1}), true, out},
		{"no generation before", mustEncode(t, out), nil, false, out},
		{"a damaged one before", mustEncode(t, out), []byte("damaged"), true, out},
		{"the newest is damaged", []byte("damaged"), mustEncode(t, out), false, out},
		{"lifted in the newest", mustEncode(t, Document{SetSerial: 2}), mustEncode(t, out), false, Document{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "main")
			for name, data := range map[string][]byte{stateName: tt.newest, previousName: tt.previous} {
				if data != nil {
					writeFile(t, filepath.Join(dir, name), data)
				}
			}
			s, l := mustOpen(t, dir, Options{})
			if tt.save {
				await(t, "saved", s.Save(l.Document).Done())
			}
			must(t, s.Close())
			for _, damaged := range []string{stateName, previousName} {
				saved := mustReadFile(t, filepath.Join(dir, damaged))
				writeFile(t, filepath.Join(dir, damaged), []byte("damaged"))
				if diff := cmp.Diff(ordersIn(tt.want), ordersIn(mustRead(t, dir).Document), alike); diff != "" {
					t.Errorf("with %s damaged (-want +got):\n%s", damaged, diff)
				}
				writeFile(t, filepath.Join(dir, damaged), saved)
			}
		})
	}
}

// A mode was lifted, which came to the disk once and not twice, and was set again: what was in both before was in one now.
func TestOrdersAfterHalfAWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "main")
	out := Document{Modes: map[string]Mode{"a": {Mode: "unavailable", At: start}}}
	s, _ := mustOpen(t, dir, Options{})
	await(t, "saved", s.Save(out).Done())
	must(t, s.Close()) // which is after the second write, Done is not
	s, _ = mustOpen(t, dir, Options{})
	// With a directory in the way of the generation before the first write succeeds, and not the second.
	must(t, os.Remove(filepath.Join(dir, stateName)))
	must(t, os.Remove(filepath.Join(dir, previousName)))
	writeFile(t, filepath.Join(dir, previousName, "full"), nil)
	await(t, "saved once", s.Save(Document{}).Done())
	await(t, "failed", s.Save(Document{}).Failed())
	must(t, os.RemoveAll(filepath.Join(dir, previousName)))
	await(t, "saved again", s.Save(out).Done())
	must(t, s.Close())
	writeFile(t, filepath.Join(dir, stateName), []byte("damaged"))
	if diff := cmp.Diff(ordersIn(out), ordersIn(mustRead(t, dir).Document), alike); diff != "" {
		t.Errorf("in the generation before (-want +got):\n%s", diff)
	}
}

func mustReadFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return data
}
