package edgemanage

import (
	"fmt"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// A zone that moves to another network takes its serial along: with a lower one no secondary would take it any more.
func TestSerialOfZoneThatMoves(t *testing.T) {
	corefile := func(one, two string) string {
		const net = " edgemanage %s %s {\n edges 127.0.0.1\n object http://www.example.org/\n ns ns1.example.org\n serial_floor %d\n }\n"
		return ".:0 {\n bind 127.0.0.1\n" + fmt.Sprintf(net, "one", one, time.Now().Unix()+1_000_000) + fmt.Sprintf(net, "two", two, 0) + "}\n"
	}
	serial := func(s *server) uint32 {
		t.Helper()
		m, err := dns.Exchange(question("example.org.", dns.TypeSOA), s.addr)
		if err != nil || len(m.Answer) != 1 {
			t.Fatalf("asking for the SOA: %v\n%v", err, m)
		}
		return m.Answer[0].(*dns.SOA).Serial
	}
	s := serve(t, corefile("example.org example.com", "example.net"))
	before := serial(s)
	inst, err := s.inst.Restart(input("Corefile", corefile("example.com", "example.net example.org")))
	if err != nil {
		t.Fatal(err)
	}
	s.inst = inst
	awaitServing(t, inst)
	if after := serial(s); !network.SerialLess(before, after) {
		t.Errorf("the serial was %d and is %d in the other network, want a later one", before, after)
	}
}
