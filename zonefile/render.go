package zonefile

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// mark begins every file that Render writes. Directory knows its own files by it, also those of the versions before: it
// must never change.
const mark = "; edgemanage writes this file"

// Render writes the records of a zone as a zone file: the mark with zone and serial, $ORIGIN, and a line a record, in
// their order, with absolute owners, TTL and class. Zone is fully qualified. The same records give the same bytes.
func Render(w io.Writer, zone string, records []dns.RR) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s, what is changed here is lost: zone %s", mark, zone)
	if soa := soaOf(records); soa != nil {
		fmt.Fprintf(b, ", serial %d", soa.Serial)
	}
	fmt.Fprintf(b, "\n$ORIGIN %s\n", zone)
	for _, rr := range records {
		line, err := present(rr)
		if err != nil {
			return fmt.Errorf("rendering zone %q: %w", zone, err)
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("rendering zone %q: %w", zone, err)
	}
	return nil
}

func soaOf(records []dns.RR) *dns.SOA {
	for _, rr := range records {
		if soa, ok := rr.(*dns.SOA); ok {
			return soa
		}
	}
	return nil
}

// plain are the types whose usual presentation is understood by every server in use. Others are written in the generic
// way (RFC 3597, 5), which servers take for the types that they know as well.
var plain = []uint16{
	dns.TypeA, dns.TypeAAAA, dns.TypeNS, dns.TypeCNAME, dns.TypeDNAME, dns.TypeSOA, dns.TypePTR, dns.TypeMX, dns.TypeTXT,
	dns.TypeSRV, dns.TypeCAA, dns.TypeDS, dns.TypeDNSKEY, dns.TypeTLSA, dns.TypeSSHFP, dns.TypeNAPTR,
}

// present returns a record as a line of a zone file. A name that begins with a $ gets it escaped: BIND takes such a line
// for a directive.
func present(rr dns.RR) (string, error) {
	h := rr.Header()
	name := h.Name
	if name != "" && name[0] == '$' {
		name = `\036` + name[1:]
	}
	head := fmt.Sprintf("%s\t%d\t%s\t", name, h.Ttl, dns.Class(h.Class))
	if isPlain(rr) {
		text := data(rr)
		// Knot refuses a value of this key, even an empty one. Blanks and quotes of values are escaped, so no value has this.
		text = strings.ReplaceAll(text, ` no-default-alpn=""`, ` no-default-alpn`)
		return head + typeName(rr) + "\t" + text, nil
	}
	wire, err := pack(nil, rr)
	if err != nil {
		return "", err
	}
	start, err := rdata(wire)
	if err != nil {
		return "", fmt.Errorf("packing %s %s: %w", h.Name, typeName(rr), err)
	}
	return fmt.Sprintf("%sTYPE%d\t\\# %d %s", head, h.Rrtype, len(wire)-start, hex.EncodeToString(wire[start:])), nil
}

// pack returns a record as it is sent, in the memory of buf when that is enough. A byte more than the length is needed: the
// library does not write the empty value of a CAA record at the very end of its buffer.
func pack(buf []byte, rr dns.RR) ([]byte, error) {
	buf = slices.Grow(buf[:0], dns.Len(rr)+1)
	n, err := dns.PackRR(rr, buf[:cap(buf)], 0, nil, false)
	if err != nil {
		return nil, fmt.Errorf("packing %s %s: %w", rr.Header().Name, typeName(rr), err)
	}
	return buf[:n], nil
}

func isPlain(rr dns.RR) bool {
	switch rr := rr.(type) {
	case *dns.SVCB:
		return !slices.ContainsFunc(rr.Value, isOdd)
	case *dns.HTTPS:
		return !slices.ContainsFunc(rr.Value, isOdd)
	}
	return slices.Contains(plain, rr.Header().Rrtype)
}

// isOdd says whether a parameter has a key newer than RFC 9460, or protocols that would have to be escaped.
func isOdd(v dns.SVCBKeyValue) bool {
	alpn, ok := v.(*dns.SVCBAlpn)
	return v.Key() > dns.SVCB_IPV6HINT || ok && slices.ContainsFunc(alpn.Alpn, func(id string) bool {
		return strings.ContainsFunc(id, notInToken)
	})
}

func notInToken(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '/'
}

// rdata returns the place of the data in a record on the wire.
func rdata(wire []byte) (int, error) {
	_, off, err := dns.UnpackDomainName(wire, 0)
	return off + 10, err // type, class, TTL and the length of the data
}
