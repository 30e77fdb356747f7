package network

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/hooks"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// alone makes a network for a round of its own.
func (s *site) alone() *Network {
	s.Helper()
	in, err := ReadInputs(s.config)
	if err != nil {
		s.Fatal(err)
	}
	o := Options{
		Prober: s.prober, Resolver: s.resolver, Observer: s.told, Zones: s.zones,
		Now: func() time.Time { return time.Now().Add(s.step) },
	}
	if s.options != nil {
		s.options(&o)
	}
	n, err := New(s.config, in, o)
	if err != nil {
		s.Fatal(err)
	}
	return n
}

// cron has a minute pass and a round run.
func (s *site) cron() {
	s.Helper()
	s.advance(time.Minute)
	s.Network = s.alone()
	if failures, err := s.Once(s.Context(), false); err != nil || failures != nil {
		s.Fatalf("got %v, error %v", failures, err)
	}
}

// looks says when what others read was written, the directories included.
func (s *site) looks() map[string]string {
	s.Helper()
	times := map[string]string{}
	for _, path := range []string{s.config.LiveList, s.config.ZoneFiles, filepath.Join(s.config.ZoneFiles, "example.org.zone")} {
		info, err := os.Stat(path)
		if err != nil {
			s.Fatal(err)
		}
		times[path] = info.ModTime().String()
	}
	return times
}

// inCron has a site of three edges and a zone whose rounds are run by cron, with all there is to write.
func inCron(t *testing.T, test func(s *site)) {
	t.Helper()
	inFiles(t, map[string]string{"example.org": mx(10)}, func(s *site) {
		dir := s.TempDir()
		s.config.State, s.config.LiveList, s.config.Legacy = filepath.Join(dir, "state"), filepath.Join(dir, "live"), filepath.Join(dir, "legacy")
		test(s)
	})
}

// A round leaves everything written, and one in which nothing changes touches nothing that others read.
func TestOnce(t *testing.T) {
	inCron(t, func(s *site) {
		s.cron()
		s.want("at first", "192.0.2.1 192.0.2.2")
		s.wantFile("at first", "example.org")
		s.equal("live list", s.content(s.config.LiveList), "a\nb\n")
		s.equal("a in legacy", s.stored("a").State, "in")
		s.equal("runs", len(s.storedState().RotationList), 1)
		serial, told := s.Snapshot().Serial, len(heard[SetChanged](s.told))
		before := s.looks()
		for range 3 {
			s.cron()
		}
		if diff := cmp.Diff(before, s.looks()); diff != "" {
			t.Errorf("-before +after\n%s", diff)
		}
		s.equal("changes told", len(heard[SetChanged](s.told)), told)
		s.equal("samples of a", s.edge("a").Samples, 4)
		s.prober.set(dead, "192.0.2.1")
		s.cron()
		s.want("with a dead edge", "192.0.2.2 192.0.2.3")
		s.wantFile("with a dead edge", "example.org")
		s.equal("live list", s.content(s.config.LiveList), "b\nc\n")
		if !SerialLess(serial, s.Snapshot().Serial) {
			t.Errorf("the serial went from %d to %d", serial, s.Snapshot().Serial)
		}
	})
}

// Each address is probed once, whatever others do, and one that hangs delays the round by the timeout.
func TestOnceProbesOnce(t *testing.T) {
	inCron(t, func(s *site) {
		s.canaries("example.org: 192.0.2.9")
		s.config.Fall, s.config.Interval = 3, 12*time.Second
		s.prober.set(dead, "192.0.2.1")
		s.prober.set(hanging, "192.0.2.2")
		n, began := s.alone(), time.Now()
		if failures, err := n.Once(s.Context(), false); err != nil || failures != nil {
			t.Fatalf("got %v, error %v", failures, err)
		}
		s.equal("time", time.Since(began), s.config.Timeout)
		for _, addr := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.9"} {
			s.equal("probes of "+addr, len(s.prober.probes(addr)), 1)
		}
	})
}

// What takes several rounds goes on from one process to the next.
func TestOnceGoesOn(t *testing.T) {
	t.Run("fall and rise", func(t *testing.T) {
		inCron(t, func(s *site) {
			s.config.Fall, s.config.Rise = 2, 2
			s.cron()
			s.prober.set(dead, "192.0.2.1")
			s.cron()
			s.want("after one failure", "192.0.2.1 192.0.2.2")
			s.cron()
			s.want("after two", "192.0.2.2 192.0.2.3")
			s.prober.set(behaviour{}, "192.0.2.1")
			s.prober.set(dead, "192.0.2.3")
			s.cron()
			s.cron()
			s.want("after two successes", "192.0.2.1 192.0.2.2")
		})
	})
	t.Run("budget", func(t *testing.T) {
		inCron(t, func(s *site) {
			s.config.MaxChanges, s.config.Strict = 1, true
			s.cron()
			s.prober.set(dead, "192.0.2.1")
			s.cron()
			s.want("the first change", "192.0.2.2 192.0.2.3")
			s.prober.set(behaviour{}, "192.0.2.1")
			s.prober.set(dead, "192.0.2.2")
			s.cron()
			s.want("held by the budget", "192.0.2.2 192.0.2.3")
			s.advance(s.config.MaxChangesPer)
			s.cron()
			s.want("when it is free again", "192.0.2.1 192.0.2.3")
		})
	})
	t.Run("timed rotation", func(t *testing.T) {
		inCron(t, func(s *site) {
			s.config.RotateEvery = 5 * time.Minute
			s.cron()
			for range 3 {
				s.cron()
			}
			s.want("before it is due", "192.0.2.1 192.0.2.2")
			s.advance(2 * time.Minute)
			s.cron()
			if got := s.answers(IPv4); !strings.Contains(got, "192.0.2.3") {
				t.Errorf("got %s, want the third edge in it", got)
			}
		})
	})
	t.Run("modes that run out", func(t *testing.T) {
		inCron(t, func(s *site) {
			s.cron()
			s.start()
			s.round()
			if _, err := s.SetMode(s.Context(), ModeChange{Edge: "a", Mode: selector.Unavailable, Comment: "x", For: time.Hour}); err != nil {
				t.Fatal(err)
			}
			s.stop()
			s.cron()
			s.want("while it lasts", "192.0.2.2 192.0.2.3")
			s.advance(time.Hour)
			s.prober.set(dead, "192.0.2.2")
			s.cron()
			s.want("afterwards", "192.0.2.1 192.0.2.3")
		})
	})
}

// A round that follows another at once is none, unless it is forced; one that was cut short is made good at once.
func TestOnceTooSoon(t *testing.T) {
	inCron(t, func(s *site) {
		s.cron()
		tests := []struct {
			name  string
			after time.Duration
			force bool
			want  error
		}{
			{"at once", 0, false, ErrTooSoon},
			{"at once, by force", 0, true, nil},
			{"soon", 29 * time.Second, false, ErrTooSoon},
			{"half a minute later", time.Second, false, nil},
			{"with a clock set back", -time.Hour, false, nil},
		}
		for _, tt := range tests {
			if tt.after < 0 {
				s.step += tt.after
			} else {
				s.advance(tt.after)
			}
			before := contents(t, s.config.State)
			if _, err := s.alone().Once(s.Context(), tt.force); !errors.Is(err, tt.want) {
				t.Errorf("%s: got error %v, want %v", tt.name, err, tt.want)
			}
			if diff := cmp.Diff(before, contents(t, s.config.State)); (diff == "") != (tt.want != nil) {
				t.Errorf("%s: the state differs: %s", tt.name, diff)
			}
		}
	})
}

// A server and a round keep each other out of the state.
func TestOnceLocked(t *testing.T) {
	inCron(t, func(s *site) {
		s.start()
		if _, err := s.alone().Once(s.Context(), true); !errors.Is(err, state.ErrLocked) {
			t.Errorf("beside a server: got error %v", err)
		}
		s.round()
		s.stop()
		s.prober.set(hanging, "192.0.2.3")
		n, done := s.alone(), make(chan error)
		go func() {
			_, err := n.Once(context.Background(), false)
			done <- err
		}()
		s.advance(time.Second)
		if err := s.tryStart(); !errors.Is(err, state.ErrLocked) {
			t.Errorf("a server beside a round: got error %v", err)
		}
		if _, err := s.alone().Once(s.Context(), true); !errors.Is(err, state.ErrLocked) {
			t.Errorf("a round beside a round: got error %v", err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A round that ends before its decision leaves things as they were, the import of a first one too.
func TestOnceCutShort(t *testing.T) {
	inImport(t, func(s *site, _ string) {
		s.config.LiveList = filepath.Join(s.TempDir(), "live")
		s.prober.set(hanging, "192.0.2.17")
		for range 2 {
			ctx, cancel := context.WithCancelCause(s.Context())
			enough := errors.New("enough")
			time.AfterFunc(time.Second, func() { cancel(enough) })
			began := time.Now()
			if _, err := s.alone().Once(ctx, false); !errors.Is(err, enough) {
				t.Fatalf("got error %v, want %v", err, enough)
			}
			s.equal("time", time.Since(began), time.Second)
			if _, err := os.Stat(s.config.LiveList); err == nil {
				t.Error("something was written")
			}
		}
		s.prober.set(behaviour{took: 1400 * time.Millisecond}, "192.0.2.17")
		s.cron()
		s.want("at last", importedSet)
		s.equal("mode of edge2", s.edgeMode("edge2.example.net"), selector.Unavailable)
		s.equal("samples of edge1", s.edge("edge1.example.net").Samples, 181)
		s.equal("changes", heard[SetChanged](s.told), []SetChanged(nil))
		s.cron()
		s.equal("samples of edge1, then", s.edge("edge1.example.net").Samples, 182)
	})
}

// Rounds that cron starts a minute apart are not too soon, however long each takes.
func TestOnceLong(t *testing.T) {
	inCron(t, func(s *site) {
		s.config.Timeout = 45 * time.Second
		s.prober.set(behaviour{took: 45 * time.Second, outcome: prober.Timeout}, "192.0.2.3")
		for range 3 {
			if failures, err := s.alone().Once(s.Context(), false); err != nil || failures != nil {
				t.Fatalf("got %v, error %v", failures, err)
			}
			s.advance(15 * time.Second)
		}
	})
}

// Trouble of this host's own withdraws nobody.
func TestOnceWithOwnTrouble(t *testing.T) {
	inCron(t, func(s *site) {
		s.cron()
		s.prober.set(behaviour{outcome: prober.Local}, "192.0.2.1", "192.0.2.2", "192.0.2.3")
		s.cron()
		s.want("with probes that could not be made", "192.0.2.1 192.0.2.2")
	})
}

// Without a state that can be used nothing is done: what operators said is not known. With one that can only be read a dead
// edge leaves all the same.
func TestOnceWithoutDisk(t *testing.T) {
	inCron(t, func(s *site) {
		sound := s.config.State
		s.config.State = filepath.Join(s.TempDir(), "file")
		s.write(s.config.State, "in the way")
		if _, err := s.alone().Once(s.Context(), false); err == nil || !strings.Contains(err.Error(), "nothing is known") {
			t.Errorf("got error %v", err)
		}
		if got := s.content(s.config.LiveList); got != "no file" {
			t.Errorf("got live list %q", got)
		}
		s.config.State = sound
		s.cron()
		full := filepath.Join(sound, "net", "state.json.tmp")
		if err := os.MkdirAll(filepath.Join(full, "x"), 0o755); err != nil { // in whose place no file can be written
			t.Fatal(err)
		}
		s.prober.set(dead, "192.0.2.1")
		s.advance(time.Minute)
		s.Network = s.alone()
		failures, err := s.Once(s.Context(), false)
		if err != nil || len(failures) != 1 || !strings.Contains(failures[0].Error(), "state.json.tmp") {
			t.Errorf("got %v, error %v", failures, err)
		}
		s.want("all the same", "192.0.2.2 192.0.2.3")
		s.wantFile("all the same", "example.org")
		serial := s.Snapshot().Serial
		if err := os.RemoveAll(full); err != nil {
			t.Fatal(err)
		}
		s.cron()
		s.want("afterwards", "192.0.2.2 192.0.2.3")
		if SerialLess(s.Snapshot().Serial, serial) {
			t.Errorf("the serial went from %d to %d", serial, s.Snapshot().Serial)
		}
	})
}

// What lasts is warned of once, and again when it has been away.
func TestOnceWarnings(t *testing.T) {
	inCron(t, func(s *site) {
		s.canaries("example.com: 192.0.2.9", "elsewhere.example: 192.0.2.8")
		told := func() int { return len(heard[Warning](s.told)) }
		s.cron()
		first := told()
		if first == 0 {
			t.Error("got no warning of a canary of no zone")
		}
		s.cron()
		s.cron()
		s.equal("warnings while it lasts", told(), first)
		s.canaries("example.org: 192.0.2.9")
		s.cron()
		s.canaries("example.com: 192.0.2.9", "elsewhere.example: 192.0.2.8")
		s.cron()
		s.equal("warnings when it comes back", told(), 2*first)
	})
}

// A key that is misspelt is told of, once: it would do nothing, and without -v say nothing.
func TestOnceWarnsOfTheConfiguration(t *testing.T) {
	inCron(t, func(s *site) {
		const unknown = `edgemanage.yaml:3: unknown key "edge_cuont": it is not used`
		s.config.Warnings = []string{unknown}
		for range 3 {
			s.cron()
		}
		got := 0
		for _, w := range heard[Warning](s.told) {
			if w.Text == unknown {
				got++
			}
		}
		s.equal("warnings", got, 1)
	})
}

// In dry run nothing is written at all.
func TestOnceDryRun(t *testing.T) {
	inCron(t, func(s *site) {
		s.cron()
		s.prober.set(dead, "192.0.2.1")
		c := *s.config
		c.DryRun, c.Runs = true, []config.Run{{When: config.Before, Argv: []string{"before"}}}
		s.config = &c
		s.options = func(o *Options) {
			o.Hooks = func(hooks.Options) Hooks { t.Error("hooks were made"); return &crier{} }
		}
		dirs := []string{s.config.State, s.config.ZoneFiles, s.config.Legacy}
		before := contents(t, dirs...)
		s.Network = s.alone()
		if failures, err := s.Once(s.Context(), false); err != nil || failures != nil {
			t.Fatalf("got %v, error %v", failures, err)
		}
		s.want("what would be", "192.0.2.2 192.0.2.3")
		if diff := cmp.Diff(before, contents(t, dirs...)); diff != "" {
			t.Errorf("-before +after\n%s", diff)
		}
		s.equal("live list", s.content(s.config.LiveList), "a\nb\n")
	})
}

// crier is hooks that keep a diary, shared with others.
type crier struct {
	hooks.Options
	mu       *sync.Mutex
	diary    *[]string
	fail     *bool // commands end badly
	note     func() string
	runs     []config.Run
	webhooks []config.Webhook
}

func (c *crier) write(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*c.diary = append(*c.diary, fmt.Sprintf(format, args...))
}

func (c *crier) Configure(runs []config.Run, webhooks []config.Webhook) {
	c.runs, c.webhooks = runs, webhooks
}

func (c *crier) Enqueue(e hooks.Event) {
	for _, r := range c.runs {
		changed := e.Event == hooks.Changed || e.Event == hooks.Zones
		if r.When == config.Before && e.Event == hooks.Before || r.When == config.After && e.Event == hooks.Round || r.When == config.AfterChanges && changed {
			var err error
			if *c.fail {
				err = errors.New("exit status 1")
			}
			c.write("%s%s", r.Argv[0], c.note())
			c.Observe(hooks.Report{Kind: hooks.Run, Event: e.Event, Err: err, Lost: err != nil})
		}
	}
	if len(c.webhooks) > 0 && e.Event == hooks.Changed {
		c.write("post %s", e.Event)
	}
}
func (c *crier) Finish(context.Context) {}
func (c *crier) Close()                 {}

// inCrier is inCron with commands and a webhook, which note in a diary how things are when they are told.
func inCrier(t *testing.T, test func(s *site, diary func() string, fail *bool)) {
	t.Helper()
	inCron(t, func(s *site) {
		for _, when := range []config.When{config.Before, config.After, config.AfterChanges} {
			s.config.Runs = append(s.config.Runs, config.Run{When: when, Argv: []string{string(when)}})
		}
		s.config.Webhooks = []config.Webhook{{}}
		var mu sync.Mutex
		var all []string
		fail := false
		note := func() string {
			addrs := []string{}
			text, _ := os.ReadFile(filepath.Join(s.config.ZoneFiles, "example.org.zone")) // which may not be there
			for line := range strings.Lines(string(text)) {
				if f := strings.Fields(line); len(f) == 5 && f[3] == "A" {
					addrs = append(addrs, strings.TrimPrefix(f[4], "192.0.2."))
				}
			}
			return fmt.Sprintf(" %d %s", len(s.prober.probes("192.0.2.1")), strings.Join(addrs, ","))
		}
		s.options = func(o *Options) {
			o.Hooks = func(o hooks.Options) Hooks { return &crier{Options: o, mu: &mu, diary: &all, fail: &fail, note: note} }
		}
		test(s, func() string {
			mu.Lock()
			defer mu.Unlock()
			text := strings.Join(all, "; ")
			all = nil
			return text
		}, &fail)
	})
}

// Commands before a round end before its first probe; those after it begin when the files are written.
func TestOnceCommands(t *testing.T) {
	inCrier(t, func(s *site, diary func() string, _ *bool) {
		s.cron()
		s.equal("first round", diary(), "before 0 ; after_changes 1 1,2; post change; after 1 1,2")
		s.cron()
		s.equal("nothing changes", diary(), "before 1 1,2; after 2 1,2")
		s.prober.set(dead, "192.0.2.1")
		s.cron()
		s.equal("an edge dies", diary(), "before 2 1,2; after_changes 3 2,3; post change; after 3 2,3")
		s.include("example.org", mx(20))
		s.cron()
		s.equal("a zone is edited", diary(), "before 3 2,3; after_changes 4 2,3; after 4 2,3")
	})
}

// The command after a change is how a name server hears of it: it is run again until it ends well, and also when the change
// was another round's that did not come to it, or whose files could not be written.
func TestOnceTellsAgain(t *testing.T) {
	t.Run("it fails", func(t *testing.T) {
		inCrier(t, func(s *site, diary func() string, fail *bool) {
			*fail = true
			s.cron()
			s.cron()
			diary()
			s.cron()
			s.equal("while it fails", diary(), "before 2 1,2; after_changes 3 1,2; after 3 1,2")
			*fail = false
			s.cron()
			s.equal("then", diary(), "before 3 1,2; after_changes 4 1,2; after 4 1,2")
			s.cron()
			s.equal("afterwards", diary(), "before 4 1,2; after 5 1,2")
		})
	})
	t.Run("the round is cut short after its decision", func(t *testing.T) {
		inCrier(t, func(s *site, diary func() string, _ *bool) {
			s.cron()
			s.prober.set(dead, "192.0.2.1")
			ctx, cancel := context.WithCancelCause(s.Context())
			ended := errors.New("ended")
			s.advance(time.Minute)
			n := s.alone()
			n.published = func([]string) { cancel(ended) }
			if failures, err := n.Once(ctx, false); err != nil || !slices.Contains(failures, ended) {
				t.Fatalf("got %v, error %v", failures, err)
			}
			diary()
			s.Network = s.alone()
			if failures, err := s.Once(s.Context(), false); err != nil || failures != nil {
				t.Fatalf("at once: got %v, error %v", failures, err)
			}
			s.equal("the next round", diary(), "before 2 1,2; after_changes 3 2,3; after 3 2,3")
		})
	})
	t.Run("the files could not be written", func(t *testing.T) {
		inCrier(t, func(s *site, diary func() string, _ *bool) {
			s.cron()
			s.prober.set(dead, "192.0.2.1")
			away := s.config.ZoneFiles + ".away"
			if err := os.Rename(s.config.ZoneFiles, away); err != nil {
				t.Fatal(err)
			}
			s.write(s.config.ZoneFiles, "in the way")
			s.advance(time.Minute)
			if failures, err := s.alone().Once(s.Context(), false); err != nil || len(failures) != 1 || !strings.Contains(failures[0].Error(), "zone files") {
				t.Fatalf("got %v, error %v", failures, err)
			}
			diary()
			s.remove(s.config.ZoneFiles)
			if err := os.Rename(away, s.config.ZoneFiles); err != nil {
				t.Fatal(err)
			}
			s.cron()
			s.equal("the next round", diary(), "before 2 1,2; after_changes 3 2,3; after 3 2,3")
		})
	})
}

// What the commands before a round bring is what the round works from.
func TestOnceAfterBefore(t *testing.T) {
	inCron(t, func(s *site) {
		rewrite := s.edgeFile("a 192.0.2.1", "b 192.0.2.2")
		s.config.Runs = []config.Run{{When: config.Before, Argv: []string{"fetch"}}}
		var mu sync.Mutex
		var all []string
		fail := false
		text := "c 192.0.2.3"
		s.options = func(o *Options) {
			o.Hooks = func(o hooks.Options) Hooks {
				return &crier{Options: o, mu: &mu, diary: &all, fail: &fail, note: func() string { rewrite(text); return "" }}
			}
		}
		s.cron()
		s.want("with the list that was fetched", "192.0.2.3")
		text = "not an edge!"
		s.cron()
		s.want("with one that is bad", "192.0.2.3")
	})
}

// The file of a zone that is gone goes with the first round that comes an interval after the one that missed it. What others
// have in the directory, or have taken over, stays.
func TestOnceGoneZones(t *testing.T) {
	inCron(t, func(s *site) {
		s.include("theirs.example", mx(20))
		s.include("back.example", mx(30))
		s.options = func(o *Options) {
			o.Claimed = func(zone string) bool { return zone == "theirs.example." }
		}
		s.cron()
		foreign := filepath.Join(s.config.ZoneFiles, "other.example.zone")
		s.write(foreign, s.file("example.org")) // another network's, of which this one never knew
		for _, zone := range []string{"example.org", "theirs.example", "back.example"} {
			s.removeInclude(zone)
		}
		s.include("stays.example", mx(40))
		s.cron()
		s.include("back.example", mx(30))
		s.advance(s.config.Interval / 2)
		s.Network = s.alone()
		if failures, err := s.Once(s.Context(), true); err != nil || failures != nil {
			t.Fatalf("got %v, error %v", failures, err)
		}
		if s.file("example.org") == "" {
			t.Error("removed within the interval")
		}
		s.cron()
		s.wantNoFile("an interval later", "example.org")
		for _, zone := range []string{"theirs.example", "back.example", "stays.example", "other.example"} {
			if s.file(zone) == "" {
				t.Errorf("the file of %s is removed", zone)
			}
		}
	})
}

// No serial falls, also when the state is an older one than the files.
func TestOnceSerialsRise(t *testing.T) {
	inCron(t, func(s *site) {
		s.cron()
		backup := filepath.Join(s.TempDir(), "state")
		if err := os.CopyFS(backup, os.DirFS(s.config.State)); err != nil {
			t.Fatal(err)
		}
		s.prober.set(dead, "192.0.2.1")
		s.step = time.Hour
		s.cron()
		serial := s.Snapshot().Serial
		s.config.State, s.step = backup, 0
		s.cron()
		if got := s.Snapshot().ZoneSerial("example.org."); !SerialLess(serial, got) {
			t.Errorf("the serial went from %d to %d", serial, got)
		}
		s.wantFile("then", "example.org")
	})
}

// A round is for a network that does not run.
func TestOnceTwice(t *testing.T) {
	inCron(t, func(s *site) {
		s.cron()
		if _, err := s.Once(s.Context(), true); err == nil {
			t.Error("got no error for a second round of one network")
		}
	})
}
