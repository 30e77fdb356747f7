package network

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// offline opens the site between two rounds.
func (s *site) offline(change bool) *Offline {
	s.Helper()
	o, err := s.tryOffline(change)
	if err != nil {
		s.Fatal(err)
	}
	return o
}

func (s *site) tryOffline(change bool) (*Offline, error) {
	s.Helper()
	in, err := ReadInputs(s.config)
	if err != nil {
		s.Fatal(err)
	}
	o := Options{Observer: s.told, Zones: s.zones, Now: func() time.Time { return time.Now().Add(s.step) }}
	if s.options != nil {
		s.options(&o)
	}
	return OpenOffline(s.config, in, o, change)
}

// says sets a mode between two rounds.
func (s *site) says(c ModeChange) Applied {
	s.Helper()
	o := s.offline(true)
	c.Author, c.Comment = "tester", "disk dies"
	a, err := o.SetMode(s.Context(), c)
	if closing := o.Close(); err != nil || closing != nil {
		s.Fatalf("got error %v, closing %v", err, closing)
	}
	if !a.Saved || !a.Later {
		s.Fatalf("got %+v, want it saved for later", a)
	}
	return a
}

// saved is the state as it is on the disk, in the generation of that file.
func (s *site) saved() state.Document {
	s.Helper()
	l, err := state.Read(stateDir(s.config))
	if err != nil || !l.Found {
		s.Fatalf("got error %v, found %t", err, l.Found)
	}
	defer l.Close()
	return l.Document
}

// What is said between two rounds is in the state and nowhere else until the next round, which obeys it and tells of one change.
func TestOffline(t *testing.T) {
	inCron(t, func(s *site) {
		s.cron()
		files, state, probes := s.looks(), s.saved(), len(s.prober.probes("192.0.2.1"))
		s.told.events = nil
		a := s.says(ModeChange{Edge: "a", Mode: selector.Unavailable})
		s.equal("foreseen", fmt.Sprint(a.Families[0].Before, a.Families[0].After, a.Families[0].Left, a.Families[0].Entered),
			"[a b] [b c] [{a unavailable: disk dies}] [{c live: filled, pass_threshold, average 0.100s, in place of a}]")
		s.equal("files", s.looks(), files)
		s.equal("probes", len(s.prober.probes("192.0.2.1")), probes)
		s.equal("sets told", heard[SetChanged](s.told), []SetChanged(nil))
		after := s.saved()
		mode := after.Modes["a"]
		s.equal("mode", mode.Mode+" "+mode.Author+" "+mode.Comment, "unavailable tester disk dies")
		after.Modes, after.Saved = state.Modes, state.Saved
		s.equal("the rest of the state", after, state)

		o := s.offline(false)
		s.equal("live", strings.Join(o.Status().Families[0].Live, " "), "a b") // as the zone files have it
		s.equal("changes", o.Changes(1)[0].Kind+" "+o.Changes(1)[0].Author, "mode tester")
		e, err := o.Explain(s.Context(), "a")
		if err != nil || e[0].Verdict.Rule != selector.RuleUnavailable {
			t.Errorf("got %+v, error %v", e, err)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}

		s.cron()
		s.want("after a round", "192.0.2.2 192.0.2.3")
		s.wantFile("after a round", "example.org")
		s.equal("in legacy", s.stored("a").Mode, "unavailable")
		told := heard[SetChanged](s.told)
		if len(told) != 1 || !cmp.Equal(told[0].Before, []string{"a", "b"}) || !strings.Contains(told[0].Text, "unavailable: disk dies") {
			t.Errorf("got %+v, want one change with its reason", told)
		}
		s.says(ModeChange{Edge: "a", Mode: selector.Available})
		s.prober.set(dead, "192.0.2.2")
		s.cron()
		s.want("available again", "192.0.2.1 192.0.2.3")
	})
}

// The same, with a server in place of the next round.
func TestOfflineThenServer(t *testing.T) {
	inCron(t, func(s *site) {
		s.cron()
		s.says(ModeChange{Edge: "a", Mode: selector.Unavailable})
		s.start()
		s.want("at once", "192.0.2.2")
		s.round()
		s.want("after a round", "192.0.2.2 192.0.2.3")
	})
}

func TestOfflineExpires(t *testing.T) {
	inCron(t, func(s *site) {
		s.cron()
		s.says(ModeChange{Edge: "a", Mode: selector.Unavailable, For: time.Hour})
		s.cron()
		s.want("while it lasts", "192.0.2.2 192.0.2.3")
		s.prober.set(dead, "192.0.2.2")
		s.cron()
		s.want("while it lasts", "192.0.2.3")
		s.advance(time.Hour)
		s.cron()
		s.want("afterwards", "192.0.2.1 192.0.2.3")
	})
}

// What changes nothing leaves the state as it is.
func TestOfflineUntouched(t *testing.T) {
	unavailable := ModeChange{Edge: "a", Mode: selector.Unavailable, Comment: "x", Author: "tester"}
	preview, all, bare, nobody := unavailable, unavailable, unavailable, unavailable
	preview.Preview = true
	all.Edge, bare.Comment, nobody.Edge = "*", "", "z*"
	tests := []struct {
		name   string
		change bool
		c      ModeChange
		want   error
	}{
		{"preview", false, preview, nil},
		{"preview with the lock", true, preview, nil},
		{"opened to look", false, unavailable, errLooking},
		{"nobody left", true, all, ErrNoCandidate},
		{"no comment", true, bare, ErrNoComment},
		{"no match", true, nobody, ErrNoMatch},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inCron(t, func(s *site) {
				s.cron()
				before := contents(t, s.config.State)
				o := s.offline(tt.change)
				if _, err := o.SetMode(s.Context(), tt.c); !errors.Is(err, tt.want) {
					t.Errorf("got error %v, want %v", err, tt.want)
				}
				if err := o.Close(); err != nil {
					t.Error(err)
				}
				s.equal("state", contents(t, s.config.State), before)
			})
		})
	}
}

// Nobody is let in beside a server, a round or another change; to look at it needs no lock.
func TestOfflineLocked(t *testing.T) {
	inCron(t, func(s *site) {
		s.start()
		s.round()
		if _, err := s.tryOffline(true); !errors.Is(err, state.ErrLocked) {
			t.Errorf("beside a server: got error %v", err)
		}
		if err := s.offline(false).Close(); err != nil {
			t.Error(err)
		}
		s.stop()
		o := s.offline(true)
		if _, err := s.alone().Once(s.Context(), true); !errors.Is(err, state.ErrLocked) {
			t.Errorf("a round beside a change: got error %v", err)
		}
		if _, err := s.tryOffline(true); !errors.Is(err, state.ErrLocked) {
			t.Errorf("a change beside a change: got error %v", err)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
		s.cron()
	})
}

// It is in both generations, so that one damaged file does not bring the edge back, and on record.
func TestOfflineDurable(t *testing.T) {
	inCron(t, func(s *site) {
		s.cron()
		s.says(ModeChange{Edge: "a", Mode: selector.Unavailable})
		for _, name := range []string{"state.json", "state.json.1", "changes.jsonl"} {
			if text := s.content(filepath.Join(stateDir(s.config), name)); !strings.Contains(text, "disk dies") {
				t.Errorf("%s has no word of it: %s", name, text)
			}
		}
	})
}

// A change that is the first of all imports what the Python edgemanage left; one that is refused leaves that for later.
func TestOfflineImports(t *testing.T) {
	for _, named := range []bool{false, true} {
		t.Run(fmt.Sprintf("names to resolve %t", named), func(t *testing.T) {
			inImport(t, func(s *site, _ string) {
				if named {
					var lines []string
					for i := 1; i <= 8; i++ {
						name := fmt.Sprintf("edge%d.example.net", i)
						lines = append(lines, name)
						s.resolver.set(name, fmt.Sprintf("192.0.2.%d", 10+i))
					}
					s.edges(lines...)
				}
				o := s.offline(true)
				if _, err := o.SetMode(s.Context(), ModeChange{Edge: "*", Mode: selector.Unavailable, Comment: "x"}); !errors.Is(err, ErrNoCandidate) {
					t.Errorf("got error %v", err)
				}
				o.Close()
				s.says(ModeChange{Edge: "edge4.example.net", Mode: selector.Unavailable})
				s.equal("edge2", s.saved().Modes["edge2.example.net"].Comment, "filtered upstream, ticket 4711")
				s.cron()
				s.want("after a round", importedSet)
				s.equal("mode of edge2", s.edgeMode("edge2.example.net"), selector.Unavailable)
				s.equal("mode of edge4", s.edgeMode("edge4.example.net"), selector.Unavailable)
				s.equal("samples of edge1", s.edge("edge1.example.net").Samples, 181)
			})
		})
	}
}

// A set that was imported before its names were resolved is no answer for a server either, as little as one of a part of them.
func TestOfflineImportThenServer(t *testing.T) {
	inImport(t, func(s *site, _ string) {
		s.importedNames()
		s.says(ModeChange{Edge: "edge4.example.net", Mode: selector.Unavailable})
		s.start()
		s.want("at once", "SERVFAIL")
		s.round()
		s.want("after the first decision", importedSet)
	})
}

// A freeze holds from the next round on, and what an operator forces meanwhile comes in with it all the same.
func TestOfflineFreeze(t *testing.T) {
	inCron(t, func(s *site) {
		s.cron()
		freeze := func(c FreezeChange) {
			t.Helper()
			o := s.offline(true)
			c.Author, c.Comment = "tester", "uplink flaps"
			a, err := o.SetFreeze(s.Context(), c)
			if closing := o.Close(); err != nil || closing != nil || !a.Saved || (a.FreezeAfter != nil) != c.Frozen {
				t.Fatalf("got %+v, error %v, closing %v", a, err, closing)
			}
		}
		freeze(FreezeChange{Frozen: true})
		s.prober.set(dead, "192.0.2.1")
		s.cron()
		s.want("frozen", "192.0.2.1 192.0.2.2")
		s.says(ModeChange{Edge: "c", Mode: selector.Force})
		s.cron()
		s.want("with a forced edge", "192.0.2.2 192.0.2.3")
		s.cron()
		s.want("and then", "192.0.2.2 192.0.2.3")
		freeze(FreezeChange{})
		s.prober.set(behaviour{}, "192.0.2.1")
		s.prober.set(dead, "192.0.2.2")
		s.cron()
		s.want("thawed", "192.0.2.1 192.0.2.3")
	})
}

// Webhooks are told by the round that obeys, once.
func TestOfflineHooks(t *testing.T) {
	inHooks(t, nil, func(s *site, l *listener) {
		s.config.State = s.TempDir()
		s.cron()
		l.take()
		steps := []struct {
			name string
			do   func()
			want []string
		}{
			{"nothing", func() {}, nil},
			{"a mode that changes the set", func() { s.says(ModeChange{Edge: "a", Mode: selector.Unavailable}) },
				[]string{"change; ipv4 a,b>b,c; a available>unavailable; serial"}},
			{"nothing more", func() {}, nil},
			{"modes that change nothing", func() {
				s.says(ModeChange{Edge: "a", Mode: selector.Available})
				s.says(ModeChange{Edge: "z", Mode: selector.Force, For: 30 * time.Second})
			}, []string{"mode; a unavailable>available; z available>force; z force>available"}},
			{"nothing again", func() {}, nil},
		}
		for _, step := range steps {
			step.do()
			s.cron()
			s.equal(step.name, lines(l.take(newsKinds...)), step.want)
		}
	})
}

// Where nothing could be kept nothing is taken: there is nobody who would remember it until the disk allows.
func TestOfflineWithoutDisk(t *testing.T) {
	inCron(t, func(s *site) {
		s.write(s.config.State, "a file in the way")
		if _, err := s.tryOffline(true); err == nil || !strings.Contains(err.Error(), "nothing could be kept") {
			t.Errorf("got error %v", err)
		}
		s.config.DryRun = true
		if _, err := s.tryOffline(true); err == nil || !strings.Contains(err.Error(), "dry_run") {
			t.Errorf("in dry run: got error %v", err)
		}
		s.config.State = ""
		if _, err := s.tryOffline(false); err == nil || !strings.Contains(err.Error(), "no state") {
			t.Errorf("without a state: got error %v", err)
		}
	})
}

// Whatever is said between which rounds, an unavailable edge is never in a set that a round publishes. Each word and each round is
// a process of its own that waits for the disk: a few sequences have to do.
func TestOfflineAtRandom(t *testing.T) {
	words := []string{"round", "die", "live", "available", "unavailable", "unavailable", "force"}
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			inCron(t, func(s *site) {
				random := rand.New(rand.NewPCG(seed, 0))
				s.cron()
				unavailable := map[string]bool{}
				var said []string
				for range 15 {
					word, e := words[random.IntN(len(words))], random.IntN(3)
					name, addr := string(rune('a'+e)), fmt.Sprintf("192.0.2.%d", 1+e)
					said = append(said, word+" "+name)
					switch word {
					case "round":
						s.cron()
						for out := range unavailable {
							if slices.Contains(strings.Fields(s.answers(IPv4)), out) {
								t.Fatalf("%v: %s is answered", said, out)
							}
						}
					case "die":
						s.prober.set(dead, addr)
					case "live":
						s.prober.set(behaviour{}, addr)
					default:
						m, err := selector.ParseMode(word)
						if err != nil {
							t.Fatal(err)
						}
						s.says(ModeChange{Edge: name, Mode: m, Force: true})
						if delete(unavailable, addr); m == selector.Unavailable {
							unavailable[addr] = true
						}
					}
				}
			})
		})
	}
}
