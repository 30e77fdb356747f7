package hooks

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// Kind says what an event tells of, and so who gets it.
type Kind string

// The kinds of events. One decision is one event, of the first of Changed to Freeze that fits it.
const (
	Changed Kind = "change" // what rotating names are answered with: a live set, its addresses, or a canary
	Zones   Kind = "zones"  // the content of zones, but for that
	Rung    Kind = "rung"   // the rung alone
	Modes   Kind = "mode"   // modes of edges, without consequences
	Freeze  Kind = "freeze" // a freeze or its end, without consequences
	Round   Kind = "round"  // nothing need have changed: every edge has been probed since the last one
	Before  Kind = "before" // nor here: an interval begins
)

// runs says whether a command that is run at some moment gets an event of the kind.
func (k Kind) runs(when config.When) bool {
	switch when {
	case config.Before:
		return k == Before
	case config.After:
		return k == Round
	}
	return k == Changed || k == Zones
}

// posted says whether webhooks get an event of the kind: what people want to know at once.
func (k Kind) posted() bool { return k == Changed || k == Rung || k == Modes || k == Freeze }

// most bounds the zones, canaries and modes that are listed in an event: with 10,000 of them it would be megabytes.
const most = 100

// Event is what commands get on their standard input and webhooks as the body, as one JSON object. Within a version fields
// are added, never changed.
type Event struct {
	Version      int       `json:"version"`
	ID           string    `json:"id"` // unique; the same in every try, so that receivers can tell repetitions
	Event        Kind      `json:"event"`
	Network      string    `json:"network"`
	At           time.Time `json:"at"`            // of the decision
	Serial       uint32    `json:"serial"`        // of the SOA of every zone that is not in Zones
	SerialBefore uint32    `json:"serial_before"` // the same unless what all zones share changed
	Text         string    `json:"text"`          // all of it in a line for people
	// Families are those that the network serves and has edges of, also those in which nothing changed.
	Families []Family `json:"families"`
	// Zones are the serials of the zones of which only their own content changed, at most 100; ZonesMore are the others.
	Zones        map[string]uint32 `json:"zones"`
	ZonesMore    int               `json:"zones_more"`
	Canaries     []Canary          `json:"canaries,omitempty"` // that came in, went out or changed places; at most 100
	CanariesMore int               `json:"canaries_more,omitempty"`
	Modes        []Mode            `json:"modes,omitempty"` // that were set or ran out; at most 100
	ModesMore    int               `json:"modes_more,omitempty"`
	Freeze       *Freezing         `json:"freeze,omitempty"` // that began or ended

	// Settled, unless nil, is closed when the files that go with the event are written. Commands wait for it, a while.
	Settled <-chan struct{} `json:"-"`
}

// Family is one rotation of the network: its IPv4 or its IPv6 edges.
type Family struct {
	Family     string   `json:"family"` // ipv4 or ipv6
	Rung       string   `json:"rung"`
	RungBefore string   `json:"rung_before"`
	Before     []string `json:"before"` // names of the live edges, sorted
	After      []string `json:"after"`
	Addresses  []string `json:"addresses"` // what is answered now
	Left       []Move   `json:"left"`
	Entered    []Move   `json:"entered"`
}

// Move is an edge that left or entered a live set, and why.
type Move struct {
	Edge   string `json:"edge"`
	Reason string `json:"reason"`
}

// Canary is that of a zone.
type Canary struct {
	Zone      string `json:"zone"`
	Address   string `json:"address"`
	Active    bool   `json:"active"`
	Displaced string `json:"displaced,omitempty"` // the edge whose place it has, or had
	Reason    string `json:"reason"`
}

// Mode is the change of an edge's mode.
type Mode struct {
	Edge    string    `json:"edge"`
	Before  string    `json:"before"`
	After   string    `json:"after"`
	Comment string    `json:"comment,omitempty"`
	Author  string    `json:"author,omitempty"`
	Claimed string    `json:"claimed,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
	Reason  string    `json:"reason"`
}

// Freezing is the beginning or the end of a freeze.
type Freezing struct {
	Frozen  bool      `json:"frozen"`
	Comment string    `json:"comment,omitempty"`
	Author  string    `json:"author,omitempty"`
	Claimed string    `json:"claimed,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
	Reason  string    `json:"reason"`
}

// version is that of the JSON.
const version = 1

// message is an event on its way: its JSON is made once, so that every receiver gets the same bytes in every try.
type message struct {
	kind    Kind
	id      string
	body    []byte
	settled <-chan struct{}
}

// compose makes the message of an event.
func compose(e Event) (message, error) {
	e.Version, e.ID, e.At = version, rand.Text(), e.At.UTC()
	e.Zones, e.ZonesMore = firstZones(e.Zones, e.ZonesMore)
	e.Canaries, e.CanariesMore = first(e.Canaries, e.CanariesMore)
	e.Modes, e.ModesMore = first(e.Modes, e.ModesMore)
	e.Families = append([]Family{}, e.Families...)
	for i := range e.Families {
		f := &e.Families[i]
		f.Before, f.After, f.Addresses = filled(f.Before), filled(f.After), filled(f.Addresses)
		f.Left, f.Entered = filled(f.Left), filled(f.Entered)
	}
	body, err := json.Marshal(e)
	if err != nil {
		return message{}, fmt.Errorf("encoding event %s of network %s: %w", e.Event, e.Network, err)
	}
	return message{kind: e.Event, id: e.ID, body: append(body, '\n'), settled: e.Settled}, nil
}
