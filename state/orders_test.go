package state

import (
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
