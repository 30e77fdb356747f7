package state

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestVanish: what somebody does to the directory of a running server costs no more than what was in it.
func TestVanish(t *testing.T) {
	before, after := manySamples(6, 3), manySamples(9, 3)[6:]
	tests := map[string]struct {
		do      func(t *testing.T, dir string)
		samples []Sample
		said    []string
		extra   []string // files; what operators said always comes to stand in both generations again
	}{
		"directory removed": {
			do:      func(t *testing.T, dir string) { must(t, os.RemoveAll(dir)) },
			samples: after,
			extra:   []string{previousName},
		},
		"directory replaced by an empty one": {
			do: func(t *testing.T, dir string) {
				must(t, os.Rename(dir, dir+".old"))
				must(t, os.Mkdir(dir, dirMode))
			},
			samples: after,
			extra:   []string{previousName},
		},
		"directory replaced by a file for a while": {
			do: func(t *testing.T, dir string) {
				must(t, os.RemoveAll(dir))
				writeFile(t, dir, nil)
				go func() {
					<-time.After(time.Minute)
					_ = os.Remove(dir)
				}()
			},
			samples: after,
			extra:   []string{previousName},
			said:    []string{"error", "recovered"},
		},
		"another state put in its place": {
			do: func(t *testing.T, dir string) {
				must(t, os.RemoveAll(dir))
				writeFile(t, filepath.Join(dir, stateName), mustEncode(t, Document{SetSerial: 5}))
				journal, _ := encodeAll(before, 1)
				writeFile(t, filepath.Join(dir, roundsName), append(journal, "12 no"...))
			},
			samples: slices.Concat(before, after),
			said:    []string{"error"},
			extra:   []string{previousName, stateName + ".unread-20260102T150405"},
		},
		"lock removed": {
			do:      func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, lockName))) },
			samples: slices.Concat(before, after),
			extra:   []string{previousName},
		},
		"state removed": {
			do:      func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, stateName))) },
			samples: slices.Concat(before, after),
			extra:   []string{previousName},
		},
		"journal removed": {
			do:      func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, roundsName))) },
			samples: after,
			extra:   []string{previousName},
		},
		"journal replaced by a damaged one": {
			do: func(t *testing.T, dir string) {
				must(t, os.Remove(filepath.Join(dir, roundsName)))
				writeFile(t, filepath.Join(dir, roundsName), []byte("12 no\n"))
			},
			samples: after,
			said:    []string{"error"},
			extra:   []string{roundsName + ".bad-20260102T150405", previousName}, // what operators said stands in both generations
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "state", "main")
				var said reports
				o := said.options()
				o.Now = fixedNow
				s, _ := mustOpen(t, dir, o)
				s.AddSamples(before)
				<-s.Save(sampleDocument()).Done()
				pass(2 * time.Second)
				test.do(t, dir)
				s.AddSamples(after)
				pass(2 * time.Minute)
				if err := s.Err(); err != nil {
					t.Errorf("in the end: %v", err)
				}
				if _, _, err := Open(dir, o); err == nil {
					t.Error("the lock is not held in the end")
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.said, said.got(), alike); diff != "" {
					t.Errorf("said (-want +got):\n%s", diff)
				}
				l := mustRead(t, dir)
				if diff := cmp.Diff(sampleDocument(), l.Document, alike); diff != "" {
					t.Errorf("document (-want +got):\n%s", diff)
				}
				if diff := diffSamples(test.samples, samplesOf(t, l)); diff != "" {
					t.Errorf("samples (-want +got):\n%s", diff)
				}
				extra := slices.DeleteFunc(names(t, dir), func(name string) bool {
					return slices.Contains([]string{changesName, lockName, roundsName, stateName}, name)
				})
				if diff := cmp.Diff(test.extra, extra, alike); diff != "" {
					t.Errorf("files besides the usual (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestQueueBound: with the disk away for long the newest samples are kept.
func TestQueueBound(t *testing.T) {
	file := filepath.Join(t.TempDir(), "main")
	writeFile(t, file, nil)
	synctest.Test(t, func(t *testing.T) {
		s, _ := mustOpen(t, file, Options{})
		pass(time.Millisecond)
		already := s.Errors()
		all := manySamples(maxQueued+1000, 100)
		for part := range slices.Chunk(all, 300) {
			s.AddSamples(part)
		}
		if got := s.Errors() - already; got != 1000 {
			t.Errorf("got %d errors, want the 1000 samples that were dropped", got)
		}
		must(t, os.Remove(file))
		pass(20 * time.Second)
		must(t, s.Close())
		if diff := diffSamples(all[1000:], samplesOf(t, mustRead(t, file))); diff != "" {
			t.Errorf("samples (-want +got):\n%s", strings.SplitAfterN(diff, "\n", 20)[0])
		}
	})
}
