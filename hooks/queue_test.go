package hooks

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// TestQueue pushes and pops at random: the queue is bounded for each command, keeps the order of what it keeps, loses
// nothing that it does not say, and of what time brings keeps the newest.
func TestQueue(t *testing.T) {
	commands := commandsOf([]config.Run{
		{When: config.Before, Argv: []string{"b"}}, {When: config.After, Argv: []string{"a"}},
		{When: config.AfterChanges, Argv: []string{"c"}}, {When: config.AfterChanges, Argv: []string{"d"}},
	})
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		expected := map[string][]string{} // of each command, what must still come
		count := 0
		push := func(c command) {
			count++
			m := message{id: fmt.Sprint(count), kind: Changed}
			switch c.when {
			case config.Before:
				m.kind = Before
			case config.After:
				m.kind = Round
			}
			dropped := q.push(entry{c, m})
			waiting := append(expected[c.key], m.id)
			switch {
			case m.kind.timed():
				waiting = waiting[len(waiting)-1:]
			case len(waiting) > waits:
				if dropped == nil || dropped.id != waiting[0] {
					t.Fatalf("dropped %+v, want %s", dropped, waiting[0])
				}
				dropped, waiting = nil, waiting[1:]
			}
			if dropped != nil {
				t.Fatalf("dropped %+v with %d waiting", dropped, len(waiting))
			}
			expected[c.key] = waiting
		}
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) { push(rapid.SampledFrom(commands).Draw(t, "command")) },
			"burst": func(t *rapid.T) {
				c := rapid.SampledFrom(commands).Draw(t, "command")
				for range rapid.IntRange(1, 2*waits).Draw(t, "times") {
					push(c)
				}
			},
			"pop": func(t *rapid.T) {
				e, ok := q.pop()
				waiting := expected[e.command.key]
				if !ok {
					if len(waiting) > 0 {
						t.Fatalf("empty, want %v", waiting)
					}
					return
				}
				if len(waiting) == 0 || e.message.id != waiting[0] {
					t.Fatalf("got %s, want the first of %v", e.message.id, waiting)
				}
				expected[e.command.key] = waiting[1:]
			},
			"": func(t *rapid.T) {
				total := 0
				for _, waiting := range expected {
					total += len(waiting)
				}
				if len(q) != total || total > 2*waits+2 {
					t.Fatalf("%d wait, want %d", len(q), total)
				}
			},
		})
	})
}

// What is told of an event is bounded, and never null.
func TestComposeBounds(t *testing.T) {
	e := Event{Event: Changed, Zones: map[string]uint32{}, Families: []Family{{Family: "ipv4"}}}
	for i := range 10_000 {
		zone := fmt.Sprintf("z%05d.example.org.", i)
		e.Zones[zone] = uint32(i)
		e.Canaries = append(e.Canaries, Canary{Zone: zone})
		e.Modes = append(e.Modes, Mode{Edge: zone})
	}
	m, err := compose(e)
	if err != nil {
		t.Fatal(err)
	}
	got := decode(t, m.body)
	if len(got.Zones) != most || got.ZonesMore != 10_000-most || got.Zones["z00099.example.org."] != 99 {
		t.Errorf("got %d zones and %d more", len(got.Zones), got.ZonesMore)
	}
	if len(got.Canaries) != most || got.CanariesMore != 10_000-most || len(got.Modes) != most || got.ModesMore != 10_000-most {
		t.Errorf("got %d canaries and %d more, %d modes and %d more", len(got.Canaries), got.CanariesMore, len(got.Modes), got.ModesMore)
	}
	f := got.Families[0]
	if f.Before == nil || f.After == nil || f.Left == nil || f.Entered == nil || f.Addresses == nil {
		t.Errorf("got %+v, want no null", f)
	}
	if empty, _ := compose(Event{Event: Round}); decode(t, empty.body).Zones == nil || decode(t, empty.body).Families == nil {
		t.Errorf("got %s, want no null", empty.body)
	}
}

// Every event has another name.
func TestComposeNames(t *testing.T) {
	var ids []string
	for range 1000 {
		m, _ := compose(change("x"))
		ids = append(ids, m.id)
	}
	slices.Sort(ids)
	if got := len(slices.Compact(ids)); got != 1000 {
		t.Errorf("got %d names, want 1000", got)
	}
}
