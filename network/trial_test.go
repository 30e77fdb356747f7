package network

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// preview asks what a change would come to.
func (s *site) preview(edge string, m selector.Mode) Applied {
	s.Helper()
	applied, err := s.SetMode(context.Background(), ModeChange{Edge: edge, Mode: m, Comment: "for the test", Author: "tester", Force: true, Preview: true})
	if err != nil {
		s.Fatal(err)
	}
	return applied
}

// A preview says what the change then does, whatever state the network is in.
func TestPreviewSaysWhatComes(t *testing.T) {
	tests := []struct {
		name string
		run  func(s *site)
		edge string
		mode selector.Mode
		want string // answers after the change
	}{
		{"in rest", func(*site) {}, "a", selector.Unavailable, "192.0.2.2 192.0.2.3"},
		{"by pattern", func(*site) {}, "[ab]", selector.Unavailable, "192.0.2.3"},
		{"the end of a mode", func(s *site) { s.mode("a", selector.Unavailable) }, "a", selector.Available, "192.0.2.2 192.0.2.3"},
		{"force", func(*site) {}, "c", selector.Force, "192.0.2.1 192.0.2.3"},
		{"frozen", func(s *site) { s.freezeFor(0) }, "a", selector.Unavailable, "192.0.2.2"},
		{"frozen, and force", func(s *site) { s.freezeFor(0) }, "c", selector.Force, "192.0.2.1 192.0.2.3"},
		{"with a sample that nothing was decided on", func(s *site) {
			s.prober.set(dead, "192.0.2.3")
			for begun := len(s.prober.probes("192.0.2.3")); len(s.prober.probes("192.0.2.3")) == begun; {
				s.advance(10 * time.Millisecond)
			}
			s.equal("outcome of c as decided on", s.edge("c").Outcome.String(), "ok") // the next one comes a second after the sample
		}, "a", selector.Unavailable, "192.0.2.2"},
		{"with the budget used up", func(s *site) {
			s.reload(func(c *config.Network) { c.MaxChanges, c.Strict = 1, true })
			s.mode("a", selector.Unavailable)
			s.prober.set(dead, "192.0.2.2")
			s.mode("a", selector.Available)
			s.round()
		}, "a", selector.Force, "192.0.2.1 192.0.2.3"},
		{"while a saved set stands", func(s *site) {
			s.prober.set(hanging, "192.0.2.1", "192.0.2.2", "192.0.2.3")
			s.restart()
		}, "a", selector.Unavailable, "192.0.2.2"},
		{"before the first decision", func(s *site) {
			s.stop()
			s.config.State = s.TempDir()
			s.start()
		}, "a", selector.Unavailable, "SERVFAIL"},
		{"of an edge in no list", func(*site) {}, "x", selector.Unavailable, "192.0.2.1 192.0.2.2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.State = t.TempDir()
				s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
				s.prober.set(behaviour{took: 2 * fast}, "192.0.2.2")
				s.prober.set(behaviour{took: 3 * fast}, "192.0.2.3")
				s.start()
				s.round()
				tt.run(s)
				synctest.Wait() // for what is still being written
				before, status, files, told := s.answers(IPv4), s.Status(), contents(t, s.config.State), len(modesTold(s.told))
				previewed := s.preview(tt.edge, tt.mode)
				s.want("after the preview", before)
				s.equal("files", contents(t, s.config.State), files)
				s.equal("modes told", len(modesTold(s.told)), told)
				s.equal("serial", previewed.Serial, status.Serial)
				if s.Status() != status {
					t.Error("the preview made another status")
				}
				s.equal("preview and saved", []bool{previewed.Preview, previewed.Saved}, []bool{true, false})
				applied := s.mode(tt.edge, tt.mode)
				if diff := alike(previewed, applied); diff != "" {
					t.Errorf("-preview +change\n%s", diff)
				}
				s.want("after the change", tt.want)
			})
		})
	}
}

// alike compares what a preview said with what the change did.
func alike(preview, applied Applied) string {
	return cmp.Diff(preview, applied, cmpopts.IgnoreFields(Applied{}, "Preview", "Saved", "NotSaved", "Serial"), cmpopts.EquateEmpty())
}

// Whatever happened before: a preview changes nothing, and the change that follows does what it said.
func TestEveryPreviewComesTrue(t *testing.T) {
	const edges = 5
	rapid.Check(t, func(r *rapid.T) {
		ops := rapid.SliceOfN(rapid.IntRange(0, 1<<20), 1, 20).Draw(r, "operations")
		fault := ""
		inBubble(t, func(s *site) {
			s.config.MinLive, s.config.MaxChanges, s.config.Strict = 1+ops[0]%2, 1+ops[0]%3, ops[0]%5 == 0
			var lines []string
			for i := range edges {
				lines = append(lines, fmt.Sprintf("edge%d 192.0.2.%d", i, i+1))
			}
			s.edges(lines...)
			s.start()
			for step, op := range ops {
				address := fmt.Sprintf("192.0.2.%d", 1+op%edges)
				switch op / edges % 7 {
				case 0:
					s.prober.set(dead, address)
				case 1:
					s.prober.set(behaviour{took: time.Duration(op%3000) * time.Millisecond}, address)
				case 2:
					s.freezeFor(time.Duration(op%1000) * time.Second)
				case 3:
					s.thaw()
				case 4:
					s.reload(func(c *config.Network) { c.EdgeCount = 1 + op%3 })
				case 5:
					s.round()
				case 6:
					s.advance(time.Duration(op%20000) * time.Millisecond)
				}
				name := fmt.Sprintf("edge%d", op/7%(edges+1))
				if op%11 == 0 {
					name = "edge[" + name[4:] + "-9]"
				}
				if name == "edge[5-9]" && s.Status().Modes["edge5"].Mode == selector.Available {
					continue // it matches nothing
				}
				mode := selector.Mode(op / 35 % 4)
				grades, answers := s.family(IPv4), s.answers(IPv4)
				previewed := s.preview(name, mode)
				if now := s.family(IPv4); s.answers(IPv4) != answers || cmp.Diff(grades.Rung, now.Rung) != "" {
					fault = fmt.Sprintf("step %d: a preview made %s of %s", step, s.answers(IPv4), answers)
					return
				}
				applied := s.mode(name, mode)
				if diff := alike(previewed, applied); diff != "" {
					fault = fmt.Sprintf("step %d: %s of %s, -preview +change\n%s", step, mode, name, diff)
					return
				}
				if got := s.family(IPv4).Live; cmp.Diff(applied.Families[0].After, got, cmpopts.EquateEmpty()) != "" {
					fault = fmt.Sprintf("step %d: told %v, live %v", step, applied.Families[0].After, got)
					return
				}
			}
		})
		if fault != "" {
			r.Fatal(fault)
		}
	})
}
