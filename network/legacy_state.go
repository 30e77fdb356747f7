package network

import (
	"math"
	"path/filepath"
	"slices"

	"github.com/deflect-ca/coredns-edgemanage/legacy"
	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// summarize makes the state file.
func (w *legacyWriter) summarize(s *Status) {
	n := w.network
	st := &w.state
	st.LastRun, st.LastLive, st.VerificationFailures = legacy.TimeOf(s.At), nil, nil
	for _, f := range s.Families {
		if f.Family != IPv4 {
			continue
		}
		st.LastLive = slices.Clone(f.Live)
		for _, e := range f.Edges {
			if e.Outcome == prober.Checksum || e.Outcome == prober.Size {
				st.VerificationFailures = append(st.VerificationFailures, e.Name)
			}
		}
	}
	for _, change := range slices.Backward(n.Changes(100)) {
		at := legacy.TimeOf(change.At)
		if change.Kind == "set" && change.Family == IPv4.String() && !slices.ContainsFunc(st.RotationList, func(t legacy.Time) bool { return t >= at }) {
			st.RotationList = append(st.RotationList, at)
		}
	}
	st.RotationList = st.RotationList[max(0, len(st.RotationList)-100):]
	st.ActiveCanaries = map[string]string{}
	for _, c := range s.Canaries {
		if c.Active && c.Family == IPv4 {
			st.ActiveCanaries[unqualified(c.Zone)] = c.Edge.Name
		}
	}
	st.ZoneMTimes = nil
	if n.config.Includes != "" {
		for _, zone := range n.ZoneList() {
			name := unqualified(zone)
			if at, ok := mtime(filepath.Join(n.config.Includes, name+".zone")); ok {
				st.ZoneMTimes = append(st.ZoneMTimes, legacy.ZoneMTime{Zone: name, At: legacy.Time(math.Trunc(float64(at)))})
			}
		}
	}
}

// unqualified is a zone as the Python tool names it.
func unqualified(zone string) string { return zone[:max(0, len(zone)-1)] }
