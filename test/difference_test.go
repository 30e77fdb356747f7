//go:build e2e

package test

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// difference is a way in which our answer may differ from BIND's, and why that is right.
type difference struct {
	name string
	why  string
	// apply makes the answers equal in this respect, when they differ in it.
	apply func(q asking, got, want *reply) bool
}

var differences = []difference{
	{"ANY", "one RRset is enough (RFC 8482, 4.1)", func(q asking, got, want *reply) bool {
		if q.qtype != dns.TypeANY || got.rcode != want.rcode || len(got.answer) == 0 || len(want.answer) == 0 || !subset(got.answer, want.answer) {
			return false
		}
		want.answer, want.authority, want.extra = got.answer, got.authority, got.extra
		return true
	}},
	{"rotating name", "what may be left out of a positive answer is, it is the one that a flood asks for", func(_ asking, got, want *reply) bool {
		if !got.positive() || len(got.authority)+len(got.extra) > 0 || !all(want.authority, "NS") || !all(want.extra, "A", "AAAA") {
			return false
		}
		want.authority, want.extra = nil, nil
		return true
	}},
	{"keys", "file adds the NS here too, BIND not", func(q asking, got, want *reply) bool {
		keys := q.qtype == dns.TypeDS || q.qtype == dns.TypeCDS || q.qtype == dns.TypeDNSKEY || q.qtype == dns.TypeCDNSKEY
		if !keys || !got.positive() || len(want.authority) > 0 || !all(got.authority, "NS") {
			return false
		}
		want.authority = got.authority
		return true
	}},
	{"additional", "BIND follows NAPTR, AFSDB, CNAMEs, wildcards and the target \".\" as well, file shows glue for MX as well; a resolver asks for what it needs", func(_ asking, got, want *reply) bool {
		if !got.positive() || !all(got.extra, "A", "AAAA") || !all(want.extra, "A", "AAAA", "CNAME", "SRV") {
			return false
		}
		want.extra = got.extra
		return true
	}},
	{"delegation", "addresses of the zone are given for servers as well, not glue alone", func(_ asking, got, want *reply) bool {
		if got.aa || !all(got.authority, "NS") || !all(got.extra, "A", "AAAA") || !subset(want.extra, got.extra) {
			return false
		}
		want.extra = got.extra
		return true
	}},
	{"DS", "there is a zone of ours at the name, which the zone above does not delegate; that it does not exist would be worse (RFC 8020)", func(q asking, got, want *reply) bool {
		if q.qtype != dns.TypeDS || got.rcode != "NOERROR" || want.rcode != "NXDOMAIN" || len(got.answer) > 0 {
			return false
		}
		want.rcode = got.rcode
		return true
	}},
	{"a chain that never ends", "SERVFAIL, BIND shows some of it", func(q asking, got, want *reply) bool {
		itself := func(line string) bool {
			f := strings.Fields(line)
			return len(f) == 5 && f[0] == f[4]
		}
		failed := want.rcode == "SERVFAIL" || q.qtype == dns.TypeANY || slices.ContainsFunc(want.answer, itself)
		if got.rcode != "SERVFAIL" || !failed || !all(want.answer, "CNAME", "DNAME") {
			return false
		}
		*want = *got
		return true
	}},
}

// positive says whether there is what was asked for, or a CNAME.
func (r *reply) positive() bool { return r.rcode == "NOERROR" && len(r.answer) > 0 }

// all says whether lines are all records of some types.
func all(lines []string, types ...string) bool {
	return !slices.ContainsFunc(lines, func(line string) bool {
		f := strings.Fields(line)
		return len(f) < 4 || !slices.Contains(types, f[3])
	})
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(line string) bool { return !slices.Contains(b, line) })
}

// agree says whether two answers are the same but for differences, and names those.
func agree(q asking, got, want *reply) (same bool, why []string) {
	for _, d := range differences {
		if !got.equal(want) && d.apply(q, got, want) {
			why = append(why, d.name)
		}
	}
	return got.equal(want), why
}

func (r *reply) equal(o *reply) bool { return slices.Equal(r.lines(), o.lines()) }
