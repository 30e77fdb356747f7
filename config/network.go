// Package config turns the tokens of one edgemanage directive into an immutable, validated Network.
//
// It owns the grammar of the Corefile block, the values of its properties with their defaults, and the format of edge
// lists. It promises to report every fault of a block at once, each with file, line, property and what was expected, and
// never to print the value of a header, nor of a webhook its secret and more than the host. The plugin and the companion
// command share it, so it needs no server: it logs nothing, starts nothing, resolves nothing, and reads no file but those
// that a header's @FILE, a webhook's SECRETFILE, ReadEdges and ReadCorefile name.
package config

import (
	"net/netip"
	"net/url"
	"time"
)

// A Network is one group of edges that are probed together and give their addresses to the same zones. It is what the
// body of one directive says, with every default filled in; it must not be changed.
type Network struct {
	Name string
	File string // the Corefile, or the file imported into it, that holds the directive
	Line int    // of the word edgemanage, from 1

	Sources []Source // in the order written; at least one
	Object  Object

	NS          []string // names of the name servers, fully qualified and lower-case; at least one
	MName       string   // primary server of the SOA (RFC 1035, 3.3.13); the first of NS by default
	RName       string   // mailbox of the SOA; "" stands for hostmaster.<zone>
	Timers      SOATimers
	SerialFloor uint32   // serials start above it
	TTL         uint32   // seconds, of the rotating addresses (RFC 2181, 8)
	Labels      []string // relative, lower-case names that carry the live addresses beside the apex

	Includes  string           // directory of the <zone>.zone files with the rest of each zone; "" leaves it to other plugins
	ZoneFiles string           // directory that complete zone files are written to; "" writes none
	Notify    []netip.AddrPort // secondaries to tell of changes (RFC 1996)

	Canaries     string // YAML file of zone: address; "" is none
	CanaryKiller int    // failing canaries that stop all of them; 0 is off

	EdgeCount     int    // live edges wanted in each family
	MinLive       int    // fewest live edges to be content with; 0 is the default, half of what is wanted
	Keep          string // what a live edge must grade to stay: "better" or a passing grade
	MaxChanges    int    // substitutions allowed in MaxChangesPer; 0 is no limit
	MaxChangesPer time.Duration
	Strict        bool // failing edges, too, leave only as MaxChanges allows
	Fall, Rise    int  // failures in a row that make an edge fail, successes in a row that end it
	Fallback      []netip.Addr

	RotateEvery time.Duration // one live edge is exchanged each; 0 is never

	Interval           time.Duration
	AllowShortInterval bool
	Timeout            time.Duration // of one probe, all tries together
	Retry              int           // tries of a connection, in all
	Workers            int           // probes at a time; 0 is the default, see EffectiveWorkers
	GoodEnough         time.Duration
	Window             time.Duration
	History            int // samples kept of an edge
	Families           Families
	InsecureSkipVerify bool
	Headers            []Header
	Source4, Source6   netip.Addr // local addresses to probe from; the zero Addr is any

	State  string // directory of the state of all networks; "" keeps it in memory
	DryRun bool

	Runs     []Run
	Webhooks []Webhook

	Control        string // path of the control socket; "" is none
	ControlGroup   string // group that the socket is given to; "" leaves it
	DefaultControl bool   // Control is <state>/control.sock because nothing else was said
	ControlAt      string // file:line of control, or of state for the default
	StatusAddress  string // host:port of the status page; "" is none
	StatusAt       string // file:line of status

	LiveList string  // file with the names of the live edges; "" is none
	Legacy   string  // directory in which the Python tool's state files are kept up; "" is none
	Import   *Import // what the Python tool left, for a first start; nil is nothing

	Warnings []string // what is allowed but deserves a line in the log, each with file and line
}

// A Source is one argument of edges: a file with one edge a line, or one edge.
type Source struct {
	File string // set when the argument has a slash; joined with the root
	Edge Edge   // when File is ""
}

// An Object is what a probe fetches.
type Object struct {
	URL  *url.URL // http or https, never with user information or a fragment
	File string   // its expected content; "" compares nothing
}

// SOATimers are the four intervals of an SOA record, in seconds (RFC 1035, 3.3.13; RFC 2308, 4).
type SOATimers struct {
	Refresh, Retry, Expire, Minimum uint32
}

// A Header is added to every probe. Its value may be a secret: it must not be printed, and package fmt does not.
type Header struct {
	Name, Value string
	File        string // where Value was read, when the argument was @FILE
}

// When says at what moment a command runs.
type When string

const (
	Before       When = "before"        // once an interval; it delays nothing
	After        When = "after"         // after each round
	AfterChanges When = "after_changes" // after each change of a live set
)

// A Run is a command to run without a shell.
type Run struct {
	When When
	Argv []string // at least one; its first has a path unless it is to be looked for in PATH
	At   string   // file:line
}

// A Webhook is a URL that changes are posted to. Of the URL no more than scheme and host may be printed, and package fmt
// prints no more: its path is often a token.
type Webhook struct {
	URL        *url.URL // http or https, never with user information or a fragment
	SecretFile string   // "" signs nothing
	Secret     []byte   // content of SecretFile; it must not be printed
}

// defaults is a network before its first property.
func defaults() Network {
	return Network{
		Timers:        SOATimers{Refresh: 300, Retry: 300, Expire: 1209600, Minimum: 60},
		TTL:           60,
		CanaryKiller:  6,
		EdgeCount:     4,
		Keep:          "better",
		MaxChanges:    10,
		MaxChangesPer: 10 * time.Minute,
		Fall:          1,
		Rise:          1,
		Interval:      time.Minute,
		Timeout:       10 * time.Second,
		Retry:         3,
		GoodEnough:    700 * time.Millisecond,
		Window:        5 * time.Minute,
		History:       2000,
		Families:      Both,
	}
}
