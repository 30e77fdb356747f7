package state

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestOpenFiles is about what may lie in the directory of a server that starts.
func TestOpenFiles(t *testing.T) {
	document := func(serial uint32) string { return string(mustEncode(t, Document{SetSerial: serial})) }
	all := manySamples(12, 3)
	first, _ := encodeAll(all[:6], 2)
	second, _ := encodeAll(all[6:], 2)
	broken := func(journal []byte, at int) string {
		journal = bytes.Clone(journal)
		journal[at] ^= 1
		return string(journal)
	}
	tests := map[string]struct {
		files      map[string]string
		serial     uint32
		found      bool
		generation int
		modesLost  bool
		problems   []string // each in one problem
		samples    []Sample
		after      []string // files besides the usual
	}{
		"nothing": {},
		"both generations": {
			files:  map[string]string{stateName: document(2), previousName: document(1)},
			serial: 2, found: true,
			after: []string{stateName, previousName},
		},
		"killed between the renames": {
			files:  map[string]string{previousName: document(1), stateName + ".tmp": document(2)},
			serial: 1, found: true, generation: 1,
			after: []string{stateName, previousName},
		},
		"state damaged": {
			files:  map[string]string{stateName: document(2) + "x", previousName: document(1)},
			serial: 1, found: true, generation: 1,
			problems: []string{`reading "DIR/state.json": `, `kept as "state.json.bad-20260102T150405"`},
			after:    []string{stateName, previousName, "state.json.bad-20260102T150405"},
		},
		"both damaged": {
			files:     map[string]string{stateName: "x", previousName: "", "state.json.bad-20260102T150405": "older"},
			modesLost: true,
			problems: []string{`reading "DIR/state.json": `, `reading "DIR/state.json.1": `,
				`kept as "state.json.bad-20260102T150405-2"`, `kept as "state.json.1.bad-20260102T150405"`},
			after: []string{"state.json.bad-20260102T150405", "state.json.bad-20260102T150405-2", "state.json.1.bad-20260102T150405"},
		},
		"the only one damaged": {
			files:     map[string]string{stateName: ""},
			modesLost: true,
			problems:  []string{`reading "DIR/state.json": `, `kept as "state.json.bad-20260102T150405"`},
			after:     []string{"state.json.bad-20260102T150405"},
		},
		"both journals": {
			files:   map[string]string{roundsName + ".1": string(first), roundsName: string(second)},
			samples: all,
			after:   []string{roundsName + ".1"},
		},
		"journal torn": {
			files:   map[string]string{roundsName: string(first) + string(second[:9])},
			samples: all[:6],
		},
		"journal damaged": {
			files:    map[string]string{roundsName: broken(first, len(first)/2)},
			samples:  all[:2],
			problems: []string{`reading "DIR/rounds.log": bad record at byte `},
			after:    []string{"rounds.log.bad-20260102T150405"},
		},
		"older journal damaged": {
			files:    map[string]string{roundsName + ".1": broken(first, 0), roundsName: string(second)},
			samples:  all[6:],
			problems: []string{`reading "DIR/rounds.log.1": bad record at byte 0: `},
			after:    []string{roundsName + ".1", "rounds.log.1.bad-20260102T150405"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "main")
			for name, content := range test.files {
				writeFile(t, filepath.Join(dir, name), []byte(content))
			}
			check := func(l *Loaded) {
				t.Helper()
				if l.Found != test.found || l.Generation != test.generation || l.ModesLost != test.modesLost || l.Document.SetSerial != test.serial {
					t.Errorf("got found %t, generation %d, modes lost %t, serial %d", l.Found, l.Generation, l.ModesLost, l.Document.SetSerial)
				}
				if diff := diffSamples(test.samples, samplesOf(t, l)); diff != "" {
					t.Errorf("samples (-want +got):\n%s", diff)
				}
			}
			check(mustRead(t, dir))
			if len(test.files) > 0 {
				if got := len(names(t, dir)); got != len(test.files) {
					t.Errorf("reading without the lock left %v", names(t, dir))
				}
			}
			s, l := mustOpen(t, dir, Options{})
			check(l)
			if len(l.Problems) != len(test.problems) {
				t.Errorf("got problems %v, want %q", l.Problems, test.problems)
			}
			for i, want := range test.problems {
				want = strings.ReplaceAll(want, "DIR", dir)
				if i < len(l.Problems) && !strings.Contains(l.Problems[i].Error(), want) {
					t.Errorf("problem %d is %q, want %q in it", i, l.Problems[i], want)
				}
			}
			want := append([]string{changesName, lockName, roundsName}, test.after...)
			slices.Sort(want)
			// What is in one generation alone is written again at once, by the writer, in both: there are moments with a
			// temporary file.
			var got []string
			settle(func() bool { got = names(t, dir); return slices.Equal(want, got) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}

			// What was sound stays so, and what comes now is added to it.
			more := manySamples(3, 2)
			s.AddSamples(more)
			await(t, "save", s.Save(Document{SetSerial: 9}).Done())
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			l = mustRead(t, dir)
			if diff := diffSamples(slices.Concat(test.samples, more), samplesOf(t, l)); diff != "" {
				t.Errorf("samples after a restart (-want +got):\n%s", diff)
			}
			if l.Document.SetSerial != 9 || l.Generation != 0 || len(l.Problems) > 0 {
				t.Errorf("after a restart: got %+v", l)
			}
		})
	}
}

func TestNewerFormat(t *testing.T) {
	for _, name := range []string{stateName, previousName} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			newer := []byte(`{"format": 7}`)
			writeFile(t, path, newer)
			for range 2 { // the lock must not stay behind
				_, _, err := Open(dir, Options{})
				if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "format 7") {
					t.Errorf("got error %v, want one that names %s and its format", err, path)
				}
			}
			if _, err := Read(dir); !errors.Is(err, ErrFormat) {
				t.Errorf("reading: got error %v", err)
			}
			if got, _ := os.ReadFile(path); !bytes.Equal(got, newer) {
				t.Errorf("the file now holds %q", got)
			}
		})
	}
}

// TestLinksOut: a link that leads out of the directory is not followed.
func TestLinksOut(t *testing.T) {
	for _, name := range []string{stateName, stateName + temporary, roundsName, changesName, lockName} {
		t.Run(name, func(t *testing.T) {
			dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside")
			writeFile(t, outside, []byte("mine"))
			if err := os.Symlink(outside, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			s, _ := mustOpen(t, dir, Options{})
			s.AddSamples(manySamples(2, 1))
			s.AddChange(Change{Kind: "set"})
			p := s.Save(sampleDocument())
			select {
			case <-p.Done():
			case <-p.Failed():
			}
			s.Close()
			if got, _ := os.ReadFile(outside); string(got) != "mine" {
				t.Errorf("the file outside now holds %q", got)
			}
		})
	}
}

// settle waits for a condition, and gives up in silence: the assertion that follows says what is missing.
func settle(condition func() bool) {
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			return
		}
	}
}
