package state

import (
	"maps"
	"net/netip"
	"slices"
	"time"
)

// Document is the content of state.json: all that a restart needs to answer as before.
type Document struct {
	// SetSerial is the network's serial: it rises whenever a live set changes what the zones contain (RFC 1982).
	SetSerial uint32 `json:"set_serial"`
	// Fingerprint is a hash of what the zones contain. As long as it is the same, so is SetSerial.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Zones holds what is remembered of zones that have something of their own, by zone.
	Zones map[string]Zone `json:"zones,omitempty"`
	// Modes holds the modes that operators set, by edge, also of edges no longer configured.
	Modes map[string]Mode `json:"modes,omitempty"`
	// ModesLost says that modes were lost earlier and no operator has set one since.
	ModesLost bool `json:"modes_lost,omitempty"`
	// Freeze is an operator's word that nothing is to change but by an operator, nil without.
	Freeze *Freeze `json:"freeze,omitempty"`
	// Families holds what was published, by family: "ipv4", "ipv6".
	Families map[string]Family `json:"families,omitempty"`
	// Addresses holds the last good addresses of edges, by edge.
	Addresses map[string]Addresses `json:"addresses,omitempty"`
	// Edges holds the last good content of each edge list, by its path.
	Edges map[string][]EdgeEntry `json:"edges,omitempty"`
	// Object holds the test object as it was last read, by the path of its FILE.
	Object map[string]Digest `json:"object,omitempty"`
	// PreviousObjects holds what the test object was before, which passes for a while longer.
	PreviousObjects []Digest `json:"previous_objects,omitempty"`
	// Once is what a single round from cron leaves for the next; nil after a server.
	Once *Once `json:"once,omitempty"`
	// Saved is when the document was handed to Store.Save, which sets it.
	Saved time.Time `json:"saved,omitzero"`
}

// Mode is an operator's word on an edge.
type Mode struct {
	Mode    string `json:"mode"`
	Comment string `json:"comment,omitempty"`
	// Author is who the control socket says it was, Claimed who they said they were (SUDO_USER).
	Author  string    `json:"author,omitempty"`
	Claimed string    `json:"claimed,omitempty"`
	At      time.Time `json:"at,omitzero"`
	// Expires is when the edge is available again; zero is never.
	Expires time.Time `json:"expires,omitzero"`
}

// Freeze is an operator's word on the network; see Mode for its fields.
type Freeze struct {
	Comment string    `json:"comment,omitempty"`
	Author  string    `json:"author,omitempty"`
	Claimed string    `json:"claimed,omitempty"`
	At      time.Time `json:"at,omitzero"`
	// Expires is when the network is as before again; zero is never.
	Expires time.Time `json:"expires,omitzero"`
}

// Family is what was published for one address family.
type Family struct {
	// Live names the live edges, and Addresses says what was published for each.
	Live      []string              `json:"live,omitempty"`
	Addresses map[string]netip.Addr `json:"addresses,omitempty"`
	// Fallback holds the addresses of last resort, when they were what was published.
	Fallback []netip.Addr `json:"fallback,omitempty"`
	Rung     string       `json:"rung,omitempty"`
	// Since is when this set was published.
	Since time.Time `json:"since,omitzero"`
	// Substitutions holds the times of the changes that still count in the budget.
	Substitutions []time.Time `json:"substitutions,omitempty"`
	// Turns is what timed rotation goes by; nil without.
	Turns *Turns `json:"turns,omitempty"`
}

// Turns is what timed rotation goes by.
type Turns struct {
	// Since is when the live set changed last, whatever for.
	Since time.Time `json:"since"`
	// Cycle names the edges that have been live in this cycle.
	Cycle []string `json:"cycle,omitempty"`
	// Live and Out say since when edges are in the set, and out of it after they were in.
	Live map[string]time.Time `json:"live,omitempty"`
	Out  map[string]time.Time `json:"out,omitempty"`
}

// orders is the part of a document that nothing but a person could make anew.
type orders struct {
	modes  map[string]Mode
	freeze *Freeze
}

// ordersOf returns those of a document that is not changed any more; of nil they are none.
func ordersOf(d *Document) orders {
	if d == nil {
		return orders{}
	}
	return orders{d.Modes, d.Freeze}
}

// equal compares times as instants: a document that was read has them in another form.
func (o orders) equal(other orders) bool {
	sameMode := func(a, b Mode) bool {
		at, ends := a.At.Equal(b.At), a.Expires.Equal(b.Expires)
		b.At, b.Expires = a.At, a.Expires
		return at && ends && a == b
	}
	if (o.freeze == nil) != (other.freeze == nil) || !maps.EqualFunc(o.modes, other.modes, sameMode) {
		return false
	}
	if o.freeze == nil {
		return true
	}
	a, b := *o.freeze, *other.freeze
	at, ends := a.At.Equal(b.At), a.Expires.Equal(b.Expires)
	b.At, b.Expires = a.At, a.Expires
	return at && ends && a == b
}

// Once is what a single round, of a process that ends after it, has to tell the next one.
type Once struct {
	// At is when it began.
	At time.Time `json:"at"`
	// Unfinished says that it did not come to its end: files may not be written, and whoever reads them not told.
	Unfinished bool `json:"unfinished,omitempty"`
	// Untold says that a command after a change did not end well.
	Untold bool `json:"untold,omitempty"`
	// Gone says since when zones are gone whose files are still there.
	Gone map[string]time.Time `json:"gone,omitempty"`
	// Warned holds what was warned of.
	Warned []string `json:"warned,omitempty"`
}

// Addresses holds an edge's last good address of each family; the zero Addr is none.
type Addresses struct {
	IPv4 netip.Addr `json:"ipv4,omitzero"`
	IPv6 netip.Addr `json:"ipv6,omitzero"`
}

// EdgeEntry is a line of an edge list: a name, and the addresses it is pinned to.
type EdgeEntry struct {
	Name      string       `json:"name"`
	Addresses []netip.Addr `json:"addresses,omitempty"`
}

// Zone is what is remembered of a zone that has an include, a canary or a zone file.
type Zone struct {
	// Serial is that of its last change that was its alone, 0 without one.
	Serial uint32 `json:"serial,omitempty"`
	// Print is a fingerprint of what it has of its own, for telling whether the serial must rise.
	Print string `json:"print,omitempty"`
	// Canary is its canary's address, the zero Addr where it has none.
	Canary netip.Addr `json:"canary,omitzero"`
	// Displaced is the edge whose place its canary has.
	Displaced string `json:"displaced,omitempty"`
}

// Digest identifies the content of a file.
type Digest struct {
	// SHA256 is in hex.
	SHA256 string `json:"sha256"`
	// Size is in bytes.
	Size int64 `json:"size"`
	// Until is when content of before ceases to pass; zero for what is current.
	Until time.Time `json:"until,omitzero"`
}

// Clone returns a copy that shares nothing with d.
func (d Document) Clone() Document {
	d.Zones = maps.Clone(d.Zones)
	d.PreviousObjects = slices.Clone(d.PreviousObjects)
	d.Modes = maps.Clone(d.Modes)
	if d.Freeze != nil {
		freeze := *d.Freeze
		d.Freeze = &freeze
	}
	if d.Once != nil {
		once := *d.Once
		once.Gone, once.Warned = maps.Clone(once.Gone), slices.Clone(once.Warned)
		d.Once = &once
	}
	d.Addresses = maps.Clone(d.Addresses)
	d.Object = maps.Clone(d.Object)
	d.Families = maps.Clone(d.Families)
	for name, f := range d.Families {
		f.Live = slices.Clone(f.Live)
		f.Addresses = maps.Clone(f.Addresses)
		f.Fallback = slices.Clone(f.Fallback)
		f.Substitutions = slices.Clone(f.Substitutions)
		if f.Turns != nil {
			f.Turns = &Turns{f.Turns.Since, slices.Clone(f.Turns.Cycle), maps.Clone(f.Turns.Live), maps.Clone(f.Turns.Out)}
		}
		d.Families[name] = f
	}
	d.Edges = maps.Clone(d.Edges)
	for path, entries := range d.Edges {
		entries = slices.Clone(entries)
		for i := range entries {
			entries[i].Addresses = slices.Clone(entries[i].Addresses)
		}
		d.Edges[path] = entries
	}
	return d
}
