package zonefile

import (
	"bytes"
	"errors"
	"testing"

	"github.com/miekg/dns"
)

// failing takes so many bytes, then no more.
type failing int

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > int(*f) {
		return 0, errors.New("full")
	}
	*f -= failing(len(p))
	return len(p), nil
}

func TestRenderFails(t *testing.T) {
	room := failing(10)
	if err := Render(&room, "example.org.", completeZone("example.org.", 1)); err == nil {
		t.Error("a full writer: got no error")
	}
	bad := &dns.RFC3597{Hdr: dns.RR_Header{Name: "example.org.", Rrtype: 65280, Class: dns.ClassINET}, Rdata: "odd"}
	if err := Render(&bytes.Buffer{}, "example.org.", []dns.RR{bad}); err == nil {
		t.Error("a record that cannot be packed: got no error")
	}
}
