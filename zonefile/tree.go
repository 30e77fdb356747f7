package zonefile

import (
	"errors"
	"fmt"
	"hash/maphash"
	"strings"

	"github.com/miekg/dns"
)

// tree knows the names of a zone and what is at each, for the rules that one record alone cannot break.
type tree struct {
	zone     string
	labels   []string        // fully qualified
	rotating map[string]bool // the names with the live addresses, lower-case
	names    map[string]*node
	order    []*node // as the file has them
	all      []placed
	seen     map[uint64][]dns.RR // to find repetitions, by a hash of what does not differ between them
	seed     maphash.Seed
}

// placed is a record and its line.
type placed struct {
	rr   dns.RR
	line int
}

// node is what is at a name.
type node struct {
	name string   // lower-case
	sets []placed // the first record of each type, as the file has them
}

func newTree(zone string, labels []string) *tree {
	t := &tree{
		zone:     zone,
		rotating: map[string]bool{zone: true},
		names:    make(map[string]*node),
		seen:     make(map[uint64][]dns.RR),
		seed:     maphash.MakeSeed(),
	}
	for _, label := range labels {
		t.labels = append(t.labels, label+"."+zone)
		t.rotating[label+"."+zone] = true
	}
	return t
}

// add takes a record in, or says what is wrong with it. A repetition is left out.
func (t *tree) add(rr dns.RR, line int, f *findings) error {
	if err := rule(rr, t.zone); err != nil {
		return err
	}
	h := rr.Header()
	name := strings.ToLower(h.Name)
	if t.rotating[name] {
		if err := rotatingRule(h.Rrtype, name == t.zone); err != nil {
			return err
		}
	}
	if t.repeated(rr) {
		return nil
	}
	n := t.names[name]
	if n == nil {
		n = &node{name: name}
		t.names[name] = n
		t.order = append(t.order, n)
	}
	first := n.set(h.Rrtype)
	switch {
	case first == nil:
		n.sets = append(n.sets, placed{rr, line})
	case h.Rrtype == dns.TypeCNAME || h.Rrtype == dns.TypeDNAME:
		return fmt.Errorf("there is one in line %d already: expected one", first.line)
	case first.rr.Header().Ttl != h.Ttl:
		f.notef(line, "%s %s: TTL %d: served with %d, the TTL of line %d", h.Name, typeName(rr), h.Ttl, first.rr.Header().Ttl, first.line)
		h.Ttl = first.rr.Header().Ttl
	}
	t.all = append(t.all, placed{rr, line})
	return nil
}

// repeated says whether the same record was there before; TTLs and the case of names do not matter (RFC 2181, 5).
func (t *tree) repeated(rr dns.RR) bool {
	said := data(rr)
	key := maphash.String(t.seed, strings.ToLower(rr.Header().Name+" "+typeName(rr)+" "+said))
	for _, other := range t.seen[key] {
		// CDS and CDNSKEY are no duplicates of themselves for miekg/dns.
		if dns.IsDuplicate(rr, other) || rr.Header().Rrtype == other.Header().Rrtype &&
			strings.EqualFold(rr.Header().Name, other.Header().Name) && said == data(other) {
			return true
		}
	}
	t.seen[key] = append(t.seen[key], rr)
	return false
}

// data returns the presentation of a record without its header.
func data(rr dns.RR) string { return rr.String()[len(rr.Header().String()):] }

func (t *tree) records() []dns.RR {
	records := make([]dns.RR, len(t.all))
	for i, p := range t.all {
		records[i] = p.rr
	}
	return records
}

// set returns the first record of a type, or nil.
func (n *node) set(rrtype uint16) *placed {
	for i := range n.sets {
		if n.sets[i].rr.Header().Rrtype == rrtype {
			return &n.sets[i]
		}
	}
	return nil
}

// check applies the rules that need all records.
func (t *tree) check(f *findings) {
	for _, n := range t.order {
		if err := n.alone(f); err != nil {
			continue
		}
		if above := t.above(n.name, dns.TypeDNAME); above != nil {
			first := n.sets[0]
			f.faultf(first.line, "%s %s: it is below the DNAME of line %d: expected nothing there (RFC 6672, 2.4)",
				first.rr.Header().Name, typeName(first.rr), above.line)
		}
	}
	for _, name := range t.labels {
		for _, rrtype := range []uint16{dns.TypeDNAME, dns.TypeNS} {
			if above := t.above(name, rrtype); above != nil {
				f.faultf(above.line, "%s %s: it hides %s, which carries the live addresses",
					above.rr.Header().Name, typeName(above.rr), name)
			}
		}
	}
	t.notes(f)
}

var errNotAlone = errors.New("a CNAME is not alone")

// alone faults a CNAME beside other data (RFC 1034, 3.6.2), in the later line.
func (n *node) alone(f *findings) error {
	cname := n.set(dns.TypeCNAME)
	if cname == nil || len(n.sets) == 1 {
		return nil
	}
	other := n.sets[0]
	if other.rr == cname.rr {
		other = n.sets[1]
	}
	if other.line > cname.line {
		f.faultf(other.line, "%s %s: beside the CNAME of line %d: expected nothing else there", other.rr.Header().Name, typeName(other.rr), cname.line)
	} else {
		f.faultf(cname.line, "%s CNAME: beside the %s of line %d: expected nothing else there", cname.rr.Header().Name, typeName(other.rr), other.line)
	}
	return errNotAlone
}

// above returns the first record of a type at the closest name of the zone above a name that has it, or nil. NS at the
// apex is none of an include's.
func (t *tree) above(name string, rrtype uint16) *placed {
	for name != t.zone {
		off, end := dns.NextLabel(name, 0)
		if end {
			break
		}
		name = name[off:]
		if n := t.names[name]; n != nil {
			if p := n.set(rrtype); p != nil {
				return p
			}
		}
	}
	return nil
}
