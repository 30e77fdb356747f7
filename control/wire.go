package control

import (
	"time"
)

// What follows goes over the wire as JSON, from the server and to it. Times are RFC 3339 in UTC and left out when there is
// none; durations are seconds, fractions included, in fields named _seconds. Within /v1 fields are added, never changed.

// Networks is the answer to GET /v1/networks.
type Networks struct {
	Version  string    `json:"version"` // of the server
	At       time.Time `json:"at"`
	Networks []Network `json:"networks"`
}

// Network is one network at a glance.
type Network struct {
	Network string    `json:"network"`
	At      time.Time `json:"at"` // of the decision that the rest tells of
	Ready   bool      `json:"ready"`
	DryRun  bool      `json:"dry_run,omitempty"`
	// Frozen is nil unless an operator stopped every change but an operator's.
	Frozen *Freeze `json:"frozen,omitempty"`
	Serial uint32  `json:"serial"`
	Zones  int     `json:"zones"`

	EdgeCount         int     `json:"edge_count"`
	IntervalSeconds   float64 `json:"interval_seconds"`
	TimeoutSeconds    float64 `json:"timeout_seconds"`
	GoodEnoughSeconds float64 `json:"goodenough_seconds"`
	WindowSeconds     float64 `json:"window_seconds"`

	// LastRound is when every edge had been probed last. Late says that this is too long ago.
	LastRound    time.Time `json:"last_round,omitzero"`
	RoundSeconds float64   `json:"round_seconds,omitempty"`
	Late         bool      `json:"late"`

	StateError  string   `json:"state_error,omitempty"` // trouble with the state directory that lasts
	StateErrors uint64   `json:"state_errors"`
	ModesLost   bool     `json:"modes_lost,omitempty"`
	Families    []Family `json:"families"`
	Canaries    int      `json:"canaries"`        // configured
	Active      int      `json:"canaries_active"` // of them in use
}

// Family is one rotation of a network: its IPv4 or its IPv6 edges.
type Family struct {
	Family    string    `json:"family"` // ipv4 or ipv6
	Rung      string    `json:"rung"`
	RungText  string    `json:"rung_text"` // what the rung means for the answers
	Standing  bool      `json:"standing,omitempty"`
	Live      []string  `json:"live"`
	Addresses []string  `json:"addresses"`
	Since     time.Time `json:"since,omitzero"` // when the set last changed
	MinLive   int       `json:"min_live"`
	Budget    Budget    `json:"budget"`
	Edges     Counts    `json:"edges"`
	Warnings  []string  `json:"warnings,omitempty"`
}

// Budget is the limit of substitutions, max_changes.
type Budget struct {
	Max        int     `json:"max"` // 0 is no limit
	PerSeconds float64 `json:"per_seconds"`
	Used       int     `json:"used"`
	Left       int     `json:"left"` // 0 also without a limit
	Held       int     `json:"held"` // substitutions that it holds back now
}

// Counts are numbers of edges.
type Counts struct {
	Total       int `json:"total"`
	Live        int `json:"live"`
	Passing     int `json:"passing"`
	Failing     int `json:"failing"`
	Unknown     int `json:"unknown"`
	Unavailable int `json:"unavailable"` // by mode, whatever the grade
}

// Mode is an operator's word on an edge.
type Mode struct {
	Mode    string    `json:"mode"`
	Comment string    `json:"comment,omitempty"`
	Author  string    `json:"author,omitempty"`
	Claimed string    `json:"claimed,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Expires time.Time `json:"expires,omitzero"`
}

// Freeze is an operator's word that nothing may change but by an operator.
type Freeze struct {
	Comment string    `json:"comment"`
	Author  string    `json:"author"`
	Claimed string    `json:"claimed,omitempty"`
	At      time.Time `json:"at"`
	Expires time.Time `json:"expires,omitzero"`
}

// Edges is the answer to GET /v1/edges, and, with Needs, to GET /v1/explain.
type Edges struct {
	Network  string    `json:"network"`
	At       time.Time `json:"at"`
	Families []Family  `json:"families"`
	Edges    []Edge    `json:"edges"` // by family, then by name
}

// Edge is one edge in one family. One that is not configured and has a mode stands there without a family.
type Edge struct {
	Edge       string `json:"edge"`
	Configured bool   `json:"configured"`
	Family     string `json:"family,omitempty"`
	Address    string `json:"address,omitempty"` // served, or what would be
	Probed     string `json:"probed,omitempty"`  // where it differs: a new address that has not passed yet
	Live       bool   `json:"live"`
	Grade      string `json:"grade"`
	Mode       Mode   `json:"mode"`

	LastAt         time.Time `json:"last_at,omitzero"`
	LastSeconds    float64   `json:"last_seconds"` // 0 of a failure
	LastFailed     bool      `json:"last_failed"`
	Outcome        string    `json:"outcome,omitempty"` // of the last probe
	Error          string    `json:"error,omitempty"`
	WindowSeconds  float64   `json:"window_seconds"`  // mean over the window
	AverageSeconds float64   `json:"average_seconds"` // mean over the history
	Samples        int       `json:"samples"`
	Certificate    time.Time `json:"certificate_expires,omitzero"`

	// Rule is the word for what decided, Reason the line for people; Other is the edge on the other side of a substitution.
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
	Other  string `json:"other,omitempty"`
	// Needs says what would have to happen for an edge that is out to enter, Displaces whom it would displace then.
	Needs     string `json:"needs,omitempty"`
	Displaces string `json:"displaces,omitempty"`
}

// History is the answer to GET /v1/history.
type History struct {
	Network string   `json:"network"`
	Edge    string   `json:"edge"`
	Series  []Series `json:"series"`
}

// Recent is the answer to GET /v1/recent: what the sparklines of the status page are drawn from.
type Recent struct {
	Network string   `json:"network"`
	Series  []Series `json:"series"` // each with its edge; canaries are edges named by their address
}

// Series is the history of an edge in one family.
type Series struct {
	Edge    string   `json:"edge,omitempty"` // only in Recent
	Family  string   `json:"family"`
	Address string   `json:"address"`
	Samples []Sample `json:"samples"` // the oldest first
}

// Sample is one probe. A failure has 0 seconds; in means it counts as the timeout.
type Sample struct {
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
	Failed  bool      `json:"failed,omitempty"`
}

// Changes is the answer to GET /v1/changes.
type Changes struct {
	Changes []Change `json:"changes"` // the newest first
}

// Change is a change of a set, a rung, a mode, a canary or a freeze.
type Change struct {
	Network string    `json:"network"`
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"` // set, rung, mode, freeze, canary
	Family  string    `json:"family,omitempty"`
	Edge    string    `json:"edge,omitempty"`
	Zone    string    `json:"zone,omitempty"` // of a canary, whose address is Edge; empty of several
	Before  []string  `json:"before"`
	After   []string  `json:"after"`
	Rung    string    `json:"rung,omitempty"`
	Serial  uint32    `json:"serial,omitempty"` // that a set was published with
	Reason  string    `json:"reason,omitempty"`
	Author  string    `json:"author,omitempty"`
	Claimed string    `json:"claimed,omitempty"`
	Comment string    `json:"comment,omitempty"`
}

// Canaries is the answer to GET /v1/canaries.
type Canaries struct {
	Network  string   `json:"network"`
	Killer   int      `json:"killer"` // canary_killer; 0 is off
	Failing  int      `json:"failing"`
	Killed   bool     `json:"killed"` // so many fail that none is used
	Canaries []Canary `json:"canaries"`
}

// Canary is that of a zone. Its Edge has no rule: canaries are never candidates.
type Canary struct {
	Zone      string `json:"zone"`
	Active    bool   `json:"active"`
	Displaced string `json:"displaced,omitempty"` // whose place it has
	Reason    string `json:"reason"`
	Edge      Edge   `json:"edge"`
}

// ModeRequest is the body of POST /v1/mode.
type ModeRequest struct {
	Network string `json:"network,omitempty"` // may be left out while there is one
	Edge    string `json:"edge"`              // a name, or a pattern such as edge1*.example.net
	Mode    string `json:"mode"`
	Comment string `json:"comment,omitempty"`
	For     string `json:"for,omitempty"` // a Go duration such as 2h
	Claimed string `json:"claimed,omitempty"`
	Preview bool   `json:"preview,omitempty"`
	Force   bool   `json:"force,omitempty"` // although no candidate would be left
}

// FreezeRequest is the body of POST /v1/freeze, and less For and Force of POST /v1/unfreeze.
type FreezeRequest struct {
	Network string `json:"network,omitempty"`
	Comment string `json:"comment,omitempty"`
	For     string `json:"for,omitempty"`
	Claimed string `json:"claimed,omitempty"`
}

// Applied is the answer to a change: it is decided and published. Without Saved the disk refused: it is obeyed, and a
// restart would forget it.
type Applied struct {
	Network  string          `json:"network"`
	Preview  bool            `json:"preview,omitempty"` // nothing was changed
	Later    bool            `json:"later,omitempty"`   // the next round obeys it: Families are what it comes to by what is known; never of a server
	Saved    bool            `json:"saved"`
	Why      string          `json:"not_saved,omitempty"` // what the disk said, unless Saved
	Edges    []EdgeMode      `json:"edges,omitempty"`     // those that the name or pattern matched
	Before   *Freeze         `json:"frozen_before,omitempty"`
	After    *Freeze         `json:"frozen_after,omitempty"`
	Families []FamilyOutcome `json:"families"`
	Serial   uint32          `json:"serial"`
}

// EdgeMode is the change of one edge's mode.
type EdgeMode struct {
	Edge       string `json:"edge"`
	Configured bool   `json:"configured"`
	Before     Mode   `json:"before"`
	After      Mode   `json:"after"`
}

// FamilyOutcome is what a change came to in one family.
type FamilyOutcome struct {
	Family     string   `json:"family"`
	Before     []string `json:"before"`
	After      []string `json:"after"`
	RungBefore string   `json:"rung_before"`
	RungAfter  string   `json:"rung_after"`
	Left       []Move   `json:"left,omitempty"`
	Entered    []Move   `json:"entered,omitempty"`
	Warnings   []string `json:"warnings,omitempty"`
}

// Move is an edge that left or entered a live set, and why.
type Move struct {
	Edge   string `json:"edge"`
	Reason string `json:"reason"`
}

// Failure is the body of every answer that is not 2xx.
type Failure struct {
	Error Error `json:"error"`
}

// Error says what was wrong with a request.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// The codes of errors, for scripts; the message is for people.
const (
	CodeBadRequest       = "bad_request"        // 400: a parameter, or the body
	CodeCommentRequired  = "comment_required"   // 400
	CodeNetworkRequired  = "network_required"   // 400: there are several, and none was named
	CodeUnknownNetwork   = "unknown_network"    // 404
	CodeUnknownEdge      = "unknown_edge"       // 404: also a pattern that matches nothing
	CodeNoCandidate      = "no_candidate"       // 409: no edge would be left; see ModeRequest.Force
	CodeNotFound         = "not_found"          // 404: the path
	CodeMethodNotAllowed = "method_not_allowed" // 405
	CodeTooLarge         = "too_large"          // 413
	CodeNotRunning       = "not_running"        // 503: as during a reload; try again
	CodeBusy             = "busy"               // 503: too many connections, or large answers at a time; try again
	CodeInternal         = "internal"           // 500
)
