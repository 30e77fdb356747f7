package edgemanage

import (
	"fmt"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/transfer"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/miekg/dns"
)

// batch is how many records are handed to *transfer* at a time.
const batch = 100

// Transfer implements transfer.Transferer. A transfer is one snapshot of a zone; a serial that is current, or newer than
// that (RFC 1995, 2), is answered by the SOA alone.
//
// A zone of which only the rotating names are known here cannot be transferred: without an error *transfer* would ship
// the next plugin's idea of it, without a live address. Nor can one whose addresses are not decided or whose include was
// never good: a secondary keeps what it has instead.
func (e *Edgemanage) Transfer(origin string, serial uint32) (<-chan []dns.RR, error) {
	z := e.table()[plugin.Name(origin).Normalize()]
	switch {
	case z == nil:
		return nil, transfer.ErrNotAuthoritative
	case !z.entire:
		return nil, fmt.Errorf("transferring zone %q: only its rotating names are known here, the rest is another plugin's", origin)
	}
	s := z.network.Snapshot()
	if s.Zone(z.origin) == nil || !s.Complete(z.origin) {
		return nil, fmt.Errorf("transferring zone %q: it is not complete yet: its addresses are not decided, or its include has never been good", origin)
	}
	records := network.Records(z.template, s, z.origin)
	soa := records[:1:1]
	ch := make(chan []dns.RR)
	go func() {
		defer close(ch)
		if current := soa[0].(*dns.SOA).Serial; serial != 0 && int32(serial-current) >= 0 {
			ch <- soa
			return
		}
		for len(records) > 0 {
			n := min(batch, len(records))
			ch <- records[:n:n]
			records = records[n:]
		}
		ch <- soa
	}()
	return ch, nil
}
