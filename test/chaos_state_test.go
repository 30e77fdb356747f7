//go:build e2e && chaos

package test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
)

// lostModes is what the log says when they are.
const lostModes = "the modes that operators set are lost"

// envelope is what a state begins with. A newer format names its checksum otherwise.
var envelope = regexp.MustCompile(`"format": \d+,\s*"sha256"`)

// wreck is a state of a running server to be damaged and started from.
type wreck struct {
	st        *site
	withdrawn *edge
	now       shown
	before    []string // the set of the generation before
	files     []string // of the state, relative to it
}

// newWreck makes a state in which an edge is withdrawn and both generations have a set, and then makes every edge refuse,
// so that a start has nothing but the state.
func newWreck(t *testing.T) *wreck {
	t.Helper()
	st := newSite(t, 5).with("min_live 2")
	st.include(zone, "host IN TXT first\n")
	st.with("includes " + st.path("includes"))
	s := startServer(t, st.dir, block(".", st.directive("main")))
	w := &wreck{st: st}
	w.before = s.full(2)
	w.withdrawn = st.at(w.before[0])
	st.operator().mode(w.withdrawn.name, "unavailable")
	s.leaves(patience, w.withdrawn.addr.String())
	w.before = s.full(2)
	st.at(w.before[0]).set(t, serverError)
	s.leaves(patience, w.before[0])
	s.full(2)
	rounds(t, 2, st.edges...)
	s.rests()
	var ok bool
	if w.now, ok = s.look(); !ok {
		t.Fatal("the server does not answer")
	}
	s.kill()
	st.all(refusing)
	state := st.path("state/main")
	err := filepath.WalkDir(state, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "lock" {
			return err
		}
		info, err := d.Info()
		if name, _ := filepath.Rel(state, path); err == nil && info.Size() > 0 {
			w.files = append(w.files, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// damage changes files of a state, of which it is given the directory, and says what it did.
type damage func(dir string) (what string)

// flip changes one bit of a file, which is not empty.
func flip(t testing.TB, dir, name string) string {
	t.Helper()
	return change(t, dir, name, func(b []byte) ([]byte, string) {
		at, bit := rand.IntN(len(b)), rand.IntN(8)
		b[at] ^= 1 << bit
		return b, fmt.Sprintf("bit %d of byte %d flipped", bit, at)
	})
}

// truncate cuts a file anywhere.
func truncate(t testing.TB, dir, name string) string {
	t.Helper()
	return change(t, dir, name, func(b []byte) ([]byte, string) {
		at := rand.IntN(len(b) + 1)
		return b[:at], fmt.Sprintf("cut after byte %d of %d", at, len(b))
	})
}

func change(t testing.TB, dir, name string, how func([]byte) ([]byte, string)) string {
	t.Helper()
	path := filepath.Join(dir, name)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b, what := how(b)
	if err := os.WriteFile(path, b, 0o640); err != nil {
		t.Fatal(err)
	}
	return name + ": " + what
}

// outcome counts what a server made of damaged states.
type outcome struct {
	starts, same, older, undecided, lost atomic.Int64
	slowest                              atomic.Int64 // nanoseconds from exec to the first answer
}

// try starts the server from the state with some damage and looks at what it makes of it. With lossy set the modes may be
// gone, if the server says so.
func (w *wreck) try(t testing.TB, s *server, dir, metricsAt string, d damage, lossy bool, o *outcome) {
	t.Helper()
	main := filepath.Join(dir, "main")
	if err := os.RemoveAll(main); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(main, os.DirFS(w.st.path("state/main"))); err != nil {
		t.Fatal(err)
	}
	what := d(main)
	warnings := len(s.lines(lostModes))
	s.start()
	s.awaitAnswers()
	first, took := s.firstAnswer(patience)
	o.starts.Add(1)
	for was := o.slowest.Load(); int64(took) > was && !o.slowest.CompareAndSwap(was, int64(took)); was = o.slowest.Load() {
	}
	op := newOperator(t, filepath.Join(dir, "control.sock"))
	network, edges := op.network(), op.edges()
	lost := network.ModesLost
	counted, _ := metric(t, metricsAt, "modes_lost")
	if logged := len(s.lines(lostModes)) > warnings; logged != lost || counted > 0 != lost {
		t.Errorf("%s: modes are lost: shown %t, logged %t, counted %v", what, lost, logged, counted)
	}
	if network.Serial < w.now.serial {
		t.Errorf("%s: the serial is %d, was %d", what, network.Serial, w.now.serial)
	}
	switch {
	case slices.Equal(first, w.now.set):
		o.same.Add(1)
	case slices.Equal(first, w.before):
		o.older.Add(1)
	case lossy && slices.Equal(first, []string{"SERVFAIL"}):
		o.undecided.Add(1)
	default:
		t.Errorf("%s: the first answer is %v, want %v or %v", what, first, w.now.set, w.before)
	}
	if !lost {
		if slices.Contains(first, w.withdrawn.addr.String()) {
			t.Errorf("%s: the first answer %v has the edge that was withdrawn", what, first)
		}
		if got := edges[w.withdrawn.name].Mode; got.Mode != "unavailable" || got.Comment != "chaos" {
			t.Errorf("%s: the mode is %+v, and nothing says that modes are lost", what, got)
		}
	} else if o.lost.Add(1); !lossy {
		t.Errorf("%s: modes are lost", what)
	}
	if s.kill(); t.Failed() {
		t.Fatalf("%s", s.tail())
	}
}

// TestChaosState starts a server from states with every sort of damage, while no edge answers: all it has is what the
// damage left.
func TestChaosState(t *testing.T) {
	figures.Part(t)
	const newer = "state: from a newer version"
	figures.Expect(t, "faults", newer)
	var w *wreck
	server := func(t *testing.T) (s *server, state, metricsAt string) {
		// The path of a socket is at most 107 bytes long, and that of a test may be longer.
		state, metricsAt = memoryDir(t), "127.0.0.1:"+freePort(t)
		directive := strings.ReplaceAll(w.st.directive("main"), w.st.path("state"), state)
		return newServer(t, t.TempDir(), block(".", "prometheus "+metricsAt, directive)), state, metricsAt
	}
	either := func() string { return []string{"state.json", "state.json.1"}[rand.IntN(2)] }
	any := func() string { return w.files[rand.IntN(len(w.files))] }
	cases := []struct {
		name   string
		times  int
		lossy  bool
		damage func(t testing.TB) damage
	}{
		{"one bit of state.json or state.json.1 flipped", scaled(1000), false, func(t testing.TB) damage { return func(dir string) string { return flip(t, dir, either()) } }},
		{"one bit of any file flipped", scaled(200), false, func(t testing.TB) damage { return func(dir string) string { return flip(t, dir, any()) } }},
		{"any file truncated", scaled(200), false, func(t testing.TB) damage { return func(dir string) string { return truncate(t, dir, any()) } }},
		{"both generations damaged", scaled(50), true, func(t testing.TB) damage {
			return func(dir string) string { return flip(t, dir, "state.json") + ", " + truncate(t, dir, "state.json.1") }
		}},
	}
	for _, tt := range cases {
		figures.Expect(t, "faults", "state: "+tt.name)
	}
	w = newWreck(t)
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			const servers = 2
			var o outcome
			t.Run("servers", func(t *testing.T) {
				for range min(servers, tt.times) {
					t.Run("", func(t *testing.T) {
						t.Parallel()
						s, state, metricsAt := server(t)
						for range max(1, tt.times/servers) {
							w.try(t, s, state, metricsAt, tt.damage(t), tt.lossy, &o)
						}
					})
				}
			})
			state := "the withdrawn edge stayed withdrawn, no serial fell"
			if tt.lossy {
				state = fmt.Sprintf("no serial fell; %d times modes were lost, which was logged, counted and shown", o.lost.Load())
			}
			fault(t, "state: "+tt.name,
				fmt.Sprintf("%d variants; first answer at most %s after exec", o.starts.Load(), time.Duration(o.slowest.Load()).Round(time.Millisecond)),
				fmt.Sprintf("%d as before the crash, %d as one generation before, %d none before the first decision", o.same.Load(), o.older.Load(), o.undecided.Load()),
				state)
		})
	}
	t.Run("from a newer version", func(t *testing.T) {
		s, state, _ := server(t)
		if err := os.CopyFS(filepath.Join(state, "main"), os.DirFS(w.st.path("state/main"))); err != nil {
			t.Fatal(err)
		}
		change(t, filepath.Join(state, "main"), "state.json", func(b []byte) ([]byte, string) {
			return envelope.ReplaceAll(b, []byte(`"format": 99, "checksum"`)), "from a newer version"
		})
		before := readFile(t, filepath.Join(state, "main/state.json"))
		s.start()
		eventually(t, patience, "the server to end", func() bool { return !s.running() })
		if !strings.Contains(s.log(), "state.json") || s.cmd.ProcessState.Success() {
			t.Errorf("want an error that names the file:\n%s", s.tail())
		}
		if after := readFile(t, filepath.Join(state, "main/state.json")); after != before {
			t.Error("the file is not what it was")
		}
		fault(t, newer, "none: the server does not start, and says by which file", "-", "untouched, for the newer version")
	})
}
