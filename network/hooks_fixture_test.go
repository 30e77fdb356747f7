package network

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/hooks"
)

// listener hears what hooks are told.
type listener struct {
	mu       sync.Mutex
	events   []hooks.Event
	runs     int
	webhooks int
	made     int
	closed   int
	early    string // an event whose set or zone file was not there yet
	site     *site
}

func (l *listener) Configure(runs []config.Run, webhooks []config.Webhook) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs, l.webhooks = len(runs), len(webhooks)
}

func (l *listener) Enqueue(e hooks.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.site.Snapshot(); s == nil || s.Serial != e.Serial {
		l.early = e.Text
	}
	l.events = append(l.events, e)
}

func (l *listener) Finish(context.Context) { l.closed++ }

func (l *listener) Close() { l.closed++ }

// take returns the events of some kinds since the last time, all kinds if none is named.
func (l *listener) take(kinds ...hooks.Kind) (events []hooks.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if len(kinds) == 0 || slices.Contains(kinds, e.Event) {
			events = append(events, e)
		}
	}
	l.events = nil
	return events
}

// newsKinds are the kinds of events that tell of a change.
var newsKinds = []hooks.Kind{hooks.Changed, hooks.Zones, hooks.Rung, hooks.Modes, hooks.Freeze}

// line is an event in short: kind, and of each family that changed before>after and the rungs.
func line(e hooks.Event) string {
	parts := []string{string(e.Event)}
	for _, f := range e.Families {
		if !slices.Equal(f.Before, f.After) {
			parts = append(parts, f.Family+" "+strings.Join(f.Before, ",")+">"+strings.Join(f.After, ","))
		}
		if f.Rung != f.RungBefore {
			parts = append(parts, f.RungBefore+">"+f.Rung)
		}
	}
	for _, c := range e.Canaries {
		parts = append(parts, fmt.Sprintf("%s %s %t", c.Zone, c.Address, c.Active))
	}
	for _, m := range e.Modes {
		parts = append(parts, m.Edge+" "+m.Before+">"+m.After)
	}
	if e.Freeze != nil {
		parts = append(parts, fmt.Sprintf("frozen %t %s", e.Freeze.Frozen, e.Freeze.Comment))
	}
	parts = append(parts, slices.Sorted(maps.Keys(e.Zones))...)
	if e.Serial != e.SerialBefore {
		parts = append(parts, "serial")
	}
	return strings.Join(parts, "; ")
}

func lines(events []hooks.Event) (out []string) {
	for _, e := range events {
		out = append(out, line(e))
	}
	return out
}

// inHooks is inZones with a webhook and commands.
func inHooks(t *testing.T, includes map[string]string, test func(s *site, l *listener)) {
	t.Helper()
	inZones(t, includes, func(s *site) {
		l := &listener{site: s}
		s.config.Webhooks = []config.Webhook{{URL: &url.URL{Scheme: "https", Host: "hooks.example"}}}
		s.config.Runs = []config.Run{{When: config.After, Argv: []string{"after"}}, {When: config.Before, Argv: []string{"before"}}}
		s.options = func(o *Options) {
			o.Hooks = func(hooks.Options) Hooks {
				l.made++
				return l
			}
		}
		test(s, l)
	})
}
