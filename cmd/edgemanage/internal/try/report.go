package try

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// Report is what a round came to. Its JSON is for programs; durations there are seconds.
type Report struct {
	Network  string   `json:"network"`
	Object   string   `json:"object"`
	Families []Family `json:"families"`
	Warnings []string `json:"warnings,omitempty"`
	Faults   []string `json:"faults,omitempty"` // files that are faulty; their last good version was used
}

// Family is one rotation.
type Family struct {
	Family network.Family `json:"family"`
	Rung   selector.Rung  `json:"rung"`
	Answer string         `json:"answer"` // to a query of this family: addresses, nodata or servfail
	Wanted int            `json:"wanted"`
	Held   int            `json:"held,omitempty"` // substitutions that the budget holds back
	// Before is what the state says is live now, Live and Addresses what would be.
	Before    []string     `json:"before"`
	Live      []string     `json:"live"`
	Addresses []netip.Addr `json:"addresses"`
	Edges     []Edge       `json:"edges"`
}

// Edge is one edge in one family.
type Edge struct {
	Edge     string     `json:"edge"`
	Address  netip.Addr `json:"address,omitzero"` // probed; zero when the name did not resolve
	Outcome  string     `json:"outcome,omitempty"`
	Error    string     `json:"error,omitempty"`
	Status   int        `json:"status,omitempty"`
	Attempts int        `json:"attempts,omitempty"`

	Total     Seconds `json:"total"`
	DNS       Seconds `json:"dns,omitempty"`
	Connect   Seconds `json:"connect,omitempty"`
	TLS       Seconds `json:"tls,omitempty"`
	FirstByte Seconds `json:"first_byte,omitempty"`
	Body      Seconds `json:"body,omitempty"`

	CertificateExpires time.Time `json:"certificate_expires,omitzero"`

	Mode   selector.Mode `json:"mode"`
	Grade  history.Grade `json:"grade"`
	Live   bool          `json:"live"`
	Rule   selector.Rule `json:"rule"`
	Reason string        `json:"reason"`
}

// Seconds is a duration that is written as a number of seconds.
type Seconds time.Duration

// MarshalJSON implements json.Marshaler.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%.6f", time.Duration(s).Seconds()), nil
}

// String rounds to what matters to a reader; what did not take place is a dash.
func (s Seconds) String() string {
	if s == 0 {
		return "-"
	}
	d := time.Duration(s)
	if d < time.Millisecond {
		return d.Round(time.Microsecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}

// OK says whether each family has enough edges that pass, or no edges at all; one of them must have some.
func (r *Report) OK() bool {
	some := false
	for _, f := range r.Families {
		some = some || f.Answer != noData
		if f.Answer != noData && f.Rung < selector.Short {
			return false
		}
	}
	return some
}

const noData = "nodata"

// NewReport makes the report of a network that has run a round: of its Status, what the state said was live before it (see
// Published), and what was heard of it.
func NewReport(c *config.Network, s *network.Status, before map[string]state.Family, heard *Listener) *Report {
	r := &Report{Network: c.Name, Object: c.Object.URL.String()}
	for _, f := range s.Families {
		saved := before[f.Family.String()]
		family := Family{
			Family: f.Family, Rung: f.Rung, Wanted: s.Wanted, Held: f.Held,
			Answer: map[network.Coverage]string{network.Undecided: "servfail", network.Empty: noData, network.Live: "addresses"}[f.Coverage],
			Before: slices.Concat([]string{}, saved.Live), Live: slices.Concat([]string{}, f.Live),
			Addresses: slices.Concat([]netip.Addr{}, f.Addrs), Edges: []Edge{},
		}
		if len(saved.Live) == 0 {
			for _, a := range saved.Fallback {
				family.Before = append(family.Before, a.String())
			}
		}
		for _, e := range f.Edges {
			family.Edges = append(family.Edges, newEdge(e, heard.probes[probed{e.Name, f.Family}]))
		}
		r.Families = append(r.Families, family)
	}
	return r
}

func newEdge(e network.EdgeStatus, p network.Probed) Edge {
	edge := Edge{
		Edge: e.Name, Address: e.Probed, Error: e.Error, Status: p.Result.Status, Attempts: p.Result.Attempts,
		Total: Seconds(p.Result.Took), DNS: Seconds(p.Resolved), Connect: Seconds(p.Result.Phases.Connect), TLS: Seconds(p.Result.Phases.TLS),
		FirstByte: Seconds(p.Result.Phases.FirstByte), Body: Seconds(p.Result.Phases.Body),
		CertificateExpires: p.Result.CertNotAfter,
		Mode:               e.Mode, Grade: e.Grade, Live: e.Live, Rule: e.Verdict.Rule, Reason: e.Verdict.String(),
	}
	if p.Result.Outcome != 0 {
		edge.Outcome = p.Result.Outcome.String()
	}
	if !e.Addr.IsValid() {
		edge.Reason = "out: no address is known"
	}
	return edge
}
