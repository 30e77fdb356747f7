package notify

import (
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// message composes the NOTIFY of a zone (RFC 1996, section 3). Of the SOA in its answer section only the serial means
// anything: BIND, NSD and Knot look at nothing else, and whoever compares the whole record finds that it differs from
// his own, and asks, which is what RFC 1996 wants in that case.
func message(zone string, serial func(string) uint32) *dns.Msg {
	m := new(dns.Msg).SetNotify(dns.Fqdn(zone))
	if serial == nil {
		return m
	}
	if s := serial(zone); s != 0 {
		m.Answer = []dns.RR{&dns.SOA{
			Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeSOA, Class: dns.ClassINET},
			Ns:  ".", Mbox: ".", Serial: s,
		}}
	}
	return m
}

var (
	errForeignID       = errors.New("message with another ID")
	errNoResponse      = errors.New("message that is no response")
	errForeignQuestion = errors.New("response to another question")
)

// belongs says why a message that came in is no answer to the NOTIFY, if it is not. Responses of servers that repeat no
// question are taken.
func belongs(m, answer *dns.Msg) error {
	switch {
	case answer.Id != m.Id:
		return errForeignID
	case !answer.Response:
		return errNoResponse
	case len(answer.Question) == 0:
		return nil
	}
	got, want := answer.Question[0], m.Question[0]
	if !strings.EqualFold(got.Name, want.Name) || got.Qtype != want.Qtype || got.Qclass != want.Qclass {
		return errForeignQuestion
	}
	return nil
}

// accepted says why an answer is no acknowledgement, if it is not. An answer with another opcode is that of a server that
// took the message for a query.
func accepted(answer *dns.Msg) error {
	if answer.Opcode != dns.OpcodeNotify {
		return fmt.Errorf("answer has the opcode %s", dns.OpcodeToString[answer.Opcode])
	}
	if answer.Rcode != dns.RcodeSuccess {
		return fmt.Errorf("answer is %s", dns.RcodeToString[answer.Rcode])
	}
	return nil
}
