package zonefile

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// parser makes records of entries and applies the rules to each.
type parser struct {
	findings
	zone string
	tree *tree

	origin string
	ttl    uint32 // of records without one, seconds
	owner  string // of the entry before; "" when there is none
	lost   bool   // the entry before has an owner, but nobody knows which

	wire []byte // scratch
}

func newParser(path, zone string, labels []string) *parser {
	return &parser{
		findings: findings{path: path},
		zone:     zone, origin: zone, ttl: includeTTL,
		tree: newTree(zone, labels),
		wire: make([]byte, dns.MaxMsgSize),
	}
}

func (p *parser) entry(e entry) {
	switch {
	case e.open != "":
		p.owner, p.lost = "", true
		p.faultf(e.line, "a %s is never closed", e.open)
	case e.directive:
		p.directive(e)
	case e.continued && p.owner == "":
		// What follows a fault by the way is not a fault of its own.
		if !p.lost {
			p.faultf(e.line, "the line begins with a blank, but there is no record before it whose owner it could take")
		}
	default:
		p.record(e)
	}
}

func (p *parser) record(e entry) {
	text := e.text
	if e.continued {
		text = append([]byte(p.owner+" "), text...)
	}
	rr, err := p.parse(text)
	if err == nil && rr != nil {
		p.owner, p.lost = rr.Header().Name, false
		rr, err = p.canonical(rr, bytes.Contains(text, []byte(`\#`)))
	} else if err != nil && !e.continued {
		p.owner, p.lost = "", true
	}
	switch {
	case err != nil:
		line, err := lineOf(err, e)
		p.faultf(line, "%w", err)
	case rr == nil: // nothing but parentheses
	default:
		p.owner = rr.Header().Name
		if err := p.tree.add(rr, e.line, &p.findings); err != nil {
			p.faultf(e.line, "%s %s: %w", p.owner, typeName(rr), err)
		}
	}
}

// directive applies $ORIGIN and $TTL. Their syntax is left to the parser of records: it is given one to apply them to.
func (p *parser) directive(e entry) {
	words := bytes.Fields(e.text)
	name := words[0]
	word := strings.ToUpper(string(name))
	switch word {
	case "$ORIGIN", "$TTL":
	case "$INCLUDE":
		p.faultf(e.line, "$INCLUDE: expected all records of the zone in this file")
		return
	case "$GENERATE":
		p.faultf(e.line, "$GENERATE: expected every record by itself")
		return
	default:
		p.faultf(e.line, "%.64q is not a directive: expected $ORIGIN or $TTL, or \\$ at the beginning of a name", name)
		return
	}
	if len(words) < 2 {
		p.faultf(e.line, "%s: expected a value", word)
		return
	}
	text := slices.Concat(e.text, []byte("\n@ A 192.0.2.1"))
	if word == "$ORIGIN" {
		// As the owner of the record, since the parser would take an origin such as "a" for a type.
		_, rest, _ := bytes.Cut(e.text, name)
		text = slices.Concat([]byte("("), bytes.TrimSpace(rest), []byte("\n A 192.0.2.1)"))
	}
	rr, err := p.parse(text)
	if rr == nil && err == nil {
		err = errors.New("expected a value")
	}
	switch {
	case err != nil:
		line, err := lineOf(err, e)
		p.faultf(line, "%s: %w", word, err)
	case word == "$TTL" && rr.Header().Ttl > maxTTL:
		p.faultf(e.line, "$TTL: %w", errTTL(rr.Header().Ttl))
	case word == "$TTL":
		p.ttl = rr.Header().Ttl
	default:
		p.origin = rr.Header().Name
	}
}

// parse parses the text of one record. It returns nil for a text without one.
func (p *parser) parse(text []byte) (rr dns.RR, err error) {
	defer func() {
		// The parsers of 80 types index into what they are given: no file may stop the server.
		if v := recover(); v != nil {
			rr, err = nil, fmt.Errorf("not a record: %v", v)
		}
	}()
	// Two ends of lines: a type that has just one between it and the end of the text passes for a record without data.
	zp := dns.NewZoneParser(bytes.NewReader(slices.Concat(text, []byte("\n\n"))), p.origin, "")
	zp.SetDefaultTTL(p.ttl)
	rr, ok := zp.Next()
	if err := zp.Err(); err != nil {
		return nil, err
	}
	if _, more := zp.Next(); more || zp.Err() != nil {
		return nil, errors.New("more than one record")
	}
	if !ok {
		return nil, nil
	}
	return rr, nil
}

// canonical packs a record and unpacks it again. The parser lets pass what cannot be sent, bad base64 for instance; and
// names that are written in two ways, with escapes and without, become equal. Data that is given in the generic way may
// end too soon without its complaint, and it makes an invalid key of a parameter that it does not know: such data has to
// make sense in the usual way too.
func (p *parser) canonical(rr dns.RR, generic bool) (dns.RR, error) {
	n, err := dns.PackRR(rr, p.wire, 0, nil, false)
	if err != nil {
		return nil, fmt.Errorf("%s %s: data that cannot be sent: %w", rr.Header().Name, typeName(rr), err)
	}
	// What is unpacked may point into the bytes.
	out, _, err := dns.UnpackRR(bytes.Clone(p.wire[:n]), 0)
	if err != nil {
		return nil, fmt.Errorf("%s %s: data that cannot be received: %w", rr.Header().Name, typeName(rr), err)
	}
	if (generic || service(out) != nil) && out.Header().Rdlength > 0 && out.Header().Rrtype != dns.TypeNULL && !p.sound(out) {
		return nil, fmt.Errorf("%s %s: data that is none of the type", rr.Header().Name, typeName(rr))
	}
	return out, nil
}

// position is how miekg/dns ends its messages; the line and the column are not to be had in another way.
var position = regexp.MustCompile(`^(?s:dns: (.*)) at line: (\d+):\d+$`)

// sound says whether a record is the same when it is parsed again.
func (p *parser) sound(rr dns.RR) bool {
	again, err := p.parse([]byte(rr.String()))
	if err != nil || again == nil {
		return false
	}
	want, err := pack(nil, rr)
	if err != nil {
		return false
	}
	got, err := pack(p.wire, again)
	return err == nil && bytes.Equal(want, got)
}

// lineOf takes the position off an error of the parser, and returns it as a line of the file: the parser may have looked
// past the end of the entry for what is missing.
func lineOf(err error, e entry) (int, error) {
	var parse *dns.ParseError
	if !errors.As(err, &parse) {
		return e.line, err
	}
	m := position.FindStringSubmatch(parse.Error())
	if m == nil {
		return e.line, err
	}
	line, _ := strconv.Atoi(m[2])
	said := strings.TrimSuffix(m[1], `: "\n"`)
	if what, ok := strings.CutPrefix(said, "not a TTL: "); ok {
		said = what + " is no TTL, class or type that is known here"
	} else if said == "unexpected newline" {
		said = "there is no data"
	}
	return e.line + min(line, e.lines) - 1, errors.New(said)
}

func typeName(rr dns.RR) string { return dns.Type(rr.Header().Rrtype).String() }
