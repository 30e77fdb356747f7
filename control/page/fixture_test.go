package page

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// noon is when everything in the fixtures is looked at.
var noon = time.Date(2026, 3, 14, 3, 7, 42, 0, time.UTC)

// hostile is text that must stay text: markup, quotes, an escape sequence of terminals, and a turn of the line.
const hostile = `<script>alert("x")</script> '"><img src=x onerror=alert(1)> {{.}}` + " \x1b[31mred \u202egnp.exe"

// calm is two networks as they are on most days: deflect with twelve edges, one of them unavailable and one failing, and
// east with a short set.
func calm() site {
	return site{version: "v1.2.0", at: noon, networks: []reading{deflect(), east()}}
}

func deflect() reading {
	r := reading{
		network: control.Network{
			Network: "deflect", At: noon, Ready: true, Serial: 1773457500, Zones: 412, EdgeCount: 4,
			IntervalSeconds: 60, TimeoutSeconds: 10, GoodEnoughSeconds: 0.7, WindowSeconds: 300,
			LastRound: noon.Add(-23 * time.Second), RoundSeconds: 58.2, Canaries: 2, Active: 1,
			Families: []control.Family{
				{
					Family: "ipv4", Rung: "full", RungText: "4 of 4 wanted are live", Since: noon.Add(-47 * time.Minute), MinLive: 2,
					Budget: control.Budget{Max: 10, PerSeconds: 600, Used: 1, Left: 9},
				},
				{Family: "ipv6", Rung: "none", RungText: "no edge has an address of this family: NODATA", MinLive: 1, Budget: control.Budget{Max: 10, PerSeconds: 600, Left: 10}},
			},
		},
		samples: map[track][]control.Sample{},
	}
	for i := range 12 {
		r.add(edge("edge", i), pattern(i))
	}
	for _, i := range []int{0, 1, 2, 5} {
		r.live(i, "kept", fmt.Sprintf("live: kept, pass_threshold, average 0.%d8s", i+1))
	}
	e := &r.edges[3]
	e.Mode = control.Mode{
		Mode: "unavailable", Comment: "disk dying, ticket 4711", Author: "root", Claimed: "ada",
		At: noon.Add(-65 * time.Minute), Expires: noon.Add(115 * time.Minute),
	}
	e.Rule, e.Reason = "unavailable", "out: unavailable"
	e = &r.edges[7]
	e.Grade, e.LastFailed, e.LastSeconds, e.WindowSeconds = "fail", true, 10, 8.1
	e.Outcome, e.Error = "timeout", "context deadline exceeded while awaiting headers"
	e.Rule, e.Reason = "not_passing", "out: not passing, fail, average 2.914s"
	r.edges[9].Grade = "pass_average"
	r.edges[10].Grade = "pass"
	r.edges[5].Mode = control.Mode{Mode: "force", Comment: "new hardware, watch it", Author: "grace", At: noon.Add(-3 * 24 * time.Hour)}
	r.edges[5].Rule, r.edges[5].Reason = "forced", "live: forced by mode force, pass_threshold, average 0.118s"
	r.edges = append(r.edges, control.Edge{
		Edge: "edge99.example.net", Grade: "unknown", Rule: "none", Reason: "out: not configured, or no address is known; the mode stands for its name",
		Mode: control.Mode{Mode: "unavailable", Comment: "sent back", Author: "grace", At: noon.Add(-9 * 24 * time.Hour)},
	})
	r.count()
	r.canaries = control.Canaries{Network: "deflect", Killer: 6, Failing: 1, Canaries: []control.Canary{
		{Zone: "example.com.", Active: true, Displaced: "edge02.example.net", Reason: "used: pass_threshold", Edge: canary("192.0.2.201", "pass_threshold")},
		{Zone: "example.org.", Reason: "not used: fail", Edge: canary("192.0.2.202", "fail")},
	}}
	r.samples[track{"192.0.2.201", "ipv4"}] = samples(0.09, 0)
	r.samples[track{"192.0.2.202", "ipv4"}] = samples(0.09, 3)
	r.changes = []control.Change{
		{Network: "deflect", At: noon.Add(-47 * time.Minute), Kind: "set", Family: "ipv4", Rung: "full",
			Before: []string{"edge01.example.net", "edge02.example.net", "edge03.example.net", "edge08.example.net"},
			After:  []string{"edge01.example.net", "edge02.example.net", "edge03.example.net", "edge06.example.net"},
			Reason: "edge08.example.net left (out: not passing, fail, average 2.914s), edge06.example.net entered (live: filled, pass_threshold, average 0.118s, in place of edge08.example.net)"},
		{Network: "deflect", At: noon.Add(-65 * time.Minute), Kind: "mode", Edge: "edge04.example.net", Before: []string{"available"}, After: []string{"unavailable"},
			Author: "root", Claimed: "ada", Comment: "disk dying, ticket 4711"},
		{Network: "deflect", At: noon.Add(-3 * time.Hour), Kind: "rung", Family: "ipv4", Before: []string{"short"}, After: []string{"full"}, Rung: "full", Reason: "4 of 4 wanted are live"},
		{Network: "deflect", At: noon.Add(-25 * time.Hour), Kind: "mode", Edge: "edge11.example.net", Before: []string{"unavailable"}, After: []string{"available"}, Author: "too old"},
	}
	return r
}

func east() reading {
	r := reading{
		network: control.Network{
			Network: "east", At: noon, Ready: true, Serial: 1773400001, Zones: 3, EdgeCount: 4,
			IntervalSeconds: 60, TimeoutSeconds: 10, GoodEnoughSeconds: 0.7, WindowSeconds: 300,
			LastRound: noon.Add(-8 * time.Second), RoundSeconds: 55.4,
			Families: []control.Family{{
				Family: "ipv4", Rung: "short", RungText: "only 2 of 4 wanted are live: no other edge passes", Since: noon.Add(-26 * time.Hour), MinLive: 1,
				Budget: control.Budget{},
			}},
		},
		samples: map[track][]control.Sample{},
	}
	for i := range 2 {
		e := edge("", i)
		e.Edge, e.Address = fmt.Sprintf("e%d", i+1), fmt.Sprintf("198.51.100.%d", 201+i)
		r.add(e, pattern(i))
		r.live(i, "filled", "live: filled, pass_threshold, average 0.153s")
	}
	r.count()
	return r
}

// edge is one that passes and is not live.
func edge(prefix string, i int) control.Edge {
	return control.Edge{
		Edge: fmt.Sprintf("%s%02d.example.net", prefix, i+1), Configured: true, Family: "ipv4", Address: fmt.Sprintf("192.0.2.%d", i+1), Grade: "pass_threshold",
		Mode:   control.Mode{Mode: "available"},
		LastAt: noon.Add(-time.Duration(5*i+3) * time.Second), LastSeconds: 0.12 + 0.03*float64(i), Outcome: "ok",
		WindowSeconds: 0.13 + 0.03*float64(i), AverageSeconds: 0.14 + 0.03*float64(i), Samples: 2000,
		Certificate: noon.Add(61 * 24 * time.Hour),
		Rule:        "crowded", Reason: "out: not needed, pass_threshold, average 0.283s, edge_count 4 is reached",
	}
}

func canary(address, grade string) control.Edge {
	e := edge("", 0)
	e.Edge, e.Address, e.Grade, e.Rule, e.Reason = address, address, grade, "", ""
	if grade == "fail" {
		e.LastFailed, e.Outcome, e.Error = true, "checksum", "the object differs"
	}
	return e
}

// pattern is the samples of the edge at i: a wave, with failures where the edge fails.
func pattern(i int) []control.Sample {
	failed := 0
	switch i {
	case 7:
		failed = 5
	case 3:
		failed = 1
	}
	return samples(0.12+0.03*float64(i), failed)
}

// samples are twenty, a minute apart, the last few failed.
func samples(around float64, failed int) []control.Sample {
	list := make([]control.Sample, 20)
	for i := range list {
		list[i] = control.Sample{
			At:      noon.Add(-time.Duration(len(list)-i)*time.Minute + 30*time.Second),
			Seconds: around * (1 + 0.4*math.Sin(float64(i)*1.7) + 0.2*math.Cos(float64(i)*5)),
		}
		if i >= len(list)-failed {
			list[i].Seconds, list[i].Failed = 10, true
		}
	}
	return list
}

func (r *reading) add(e control.Edge, s []control.Sample) {
	r.edges = append(r.edges, e)
	r.samples[track{e.Edge, e.Family}] = s
}

// live makes the edge at i live.
func (r *reading) live(i int, rule, reason string) {
	e := &r.edges[i]
	e.Live, e.Rule, e.Reason = true, rule, reason
	f := &r.network.Families[0]
	f.Live = append(f.Live, e.Edge)
	f.Addresses = append(f.Addresses, e.Address)
}

// count counts the edges as the first family has it.
func (r *reading) count() {
	var c control.Counts
	for _, e := range r.edges {
		if !e.Configured {
			continue
		}
		c.Total++
		switch {
		case e.Mode.Mode == "unavailable":
			c.Unavailable++
		case strings.HasPrefix(e.Grade, "pass"):
			c.Passing++
		case e.Grade == "fail":
			c.Failing++
		}
		if e.Live {
			c.Live++
		}
	}
	r.network.Families[0].Edges = c
}

// frozen is calm with deflect frozen.
func frozen() site {
	s := calm()
	s.networks[0].network.Frozen = &control.Freeze{
		Comment: "moving the racks, do not touch", Author: "root", Claimed: "grace", At: noon.Add(-20 * time.Minute), Expires: noon.Add(100 * time.Minute),
	}
	s.networks[0].changes = append([]control.Change{{
		Network: "deflect", At: noon.Add(-20 * time.Minute), Kind: "freeze", Before: []string{"unfrozen"}, After: []string{"frozen"},
		Author: "root", Claimed: "grace", Comment: "moving the racks, do not touch",
	}}, s.networks[0].changes...)
	return s
}

// disaster is a network with nothing to answer with, whose probes are late and whose disk is full.
func disaster() site {
	s := calm()
	n := &s.networks[0].network
	n.Late, n.LastRound = true, noon.Add(-11*time.Minute)
	n.StateError, n.StateErrors, n.ModesLost = `writing "state.json": no space left on device`, 17, true
	f := &n.Families[0]
	f.Rung, f.RungText, f.Live, f.Addresses = "none", "no edge may be used and there is no fallback: A and AAAA are SERVFAIL", nil, nil
	f.Warnings = []string{"5 edges are forced though edge_count is 4: all of them are live"}
	f.Budget.Held, f.Budget.Left, f.Budget.Used = 2, 0, 10
	for i := range s.networks[0].edges {
		e := &s.networks[0].edges[i]
		if !e.Configured {
			continue
		}
		e.Live, e.Grade, e.LastFailed, e.Outcome = false, "fail", true, "refused"
		e.Rule, e.Reason = "not_passing", "out: not passing, fail, average 9.871s"
		s.networks[0].samples[track{e.Edge, e.Family}] = samples(0.2+0.05*float64(i), 4+i%9)
		if i%3 == 0 {
			e.Mode = control.Mode{Mode: "unavailable", Comment: "attacked since midnight", Author: "ada", At: noon.Add(-2 * time.Hour)}
			e.Rule, e.Reason = "unavailable", "out: unavailable"
		}
	}
	s.networks[0].canaries.Killed, s.networks[0].canaries.Failing = true, 6
	canaries := s.networks[0].canaries.Canaries
	canaries[0].Active = false
	canaries[1].Edge.Mode = control.Mode{Mode: "unavailable", Comment: "customer moves", Author: "root", Claimed: "ada", At: noon.Add(-time.Hour), Expires: noon.Add(time.Hour)}
	return s
}

// empty is a network that just started and has no edges yet.
func emptySite() site {
	return site{version: "v1.2.0", at: noon, networks: []reading{{network: control.Network{
		Network: "new", At: noon, IntervalSeconds: 60, TimeoutSeconds: 10, GoodEnoughSeconds: 0.7, WindowSeconds: 300,
		Families: []control.Family{
			{Family: "ipv4", Rung: "none", RungText: "nothing is decided yet: A and AAAA are SERVFAIL"},
			{Family: "ipv6", Rung: "none", RungText: "nothing is decided yet: A and AAAA are SERVFAIL"},
		},
	}}}}
}

// poisoned has hostile text wherever somebody else writes it.
func poisoned() site {
	s := calm()
	r := &s.networks[0]
	r.network.Families[0].Warnings = []string{hostile}
	r.network.StateError = hostile
	r.network.Frozen = &control.Freeze{Comment: hostile, Author: hostile, Claimed: hostile, At: noon}
	e := &r.edges[3]
	e.Edge, e.Mode.Comment, e.Mode.Author, e.Mode.Claimed, e.Reason, e.Error = hostile, hostile, hostile, hostile, hostile, hostile
	e.Other, e.Outcome, e.Address, e.Probed, e.Grade = hostile, hostile, hostile, hostile, hostile
	r.edges[4].Mode.Comment = strings.Repeat("long", 400)
	r.edges[6].Mode = control.Mode{Mode: hostile, Comment: "a line\nand\tanother \xff\xfe"}
	r.canaries.Canaries[1].Edge.Mode = control.Mode{Mode: hostile, Comment: hostile, Author: hostile, Claimed: hostile}
	r.canaries.Canaries[0].Zone, r.canaries.Canaries[0].Displaced, r.canaries.Canaries[0].Reason = hostile, hostile, hostile
	c := &r.changes[0]
	c.Kind, c.Zone, c.Edge, c.Reason, c.Comment, c.Author, c.Before = hostile, hostile, hostile, hostile, hostile, hostile, []string{hostile}
	return s
}

// crowd is a network of n edges, of which the last hundred fail.
func crowd(n int) site {
	s := calm()
	r := &s.networks[0]
	r.edges, r.samples = nil, map[track][]control.Sample{}
	f := &r.network.Families[0]
	f.Live, f.Addresses = nil, nil
	for i := range n {
		e := edge("edge", i)
		if i >= n-100 {
			e.Grade, e.LastFailed = "fail", true
		}
		r.add(e, pattern(i))
	}
	for i := range 4 {
		r.live(n/2+i, "kept", "live: kept")
	}
	r.count()
	s.networks = s.networks[:1]
	return s
}
