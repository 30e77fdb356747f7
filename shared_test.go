package edgemanage

import (
	"sync"
	"testing"

	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"
	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// TestAnswersAreClipped: *dnssec* appends signatures to the slices of an answer. With room behind them it would write into
// the zone's own records, and into another query's answer.
func TestAnswersAreClipped(t *testing.T) {
	e := running(t, edges{}, silent, covered(network.Live, network.Live), "edgemanage mynet {"+body+"}", "example.org.")
	signature := rr("example.org. 60 IN TXT signature")[0]
	for _, q := range []*dns.Msg{
		question("example.org.", dns.TypeA), question("example.org.", dns.TypeAAAA), question("example.org.", dns.TypeANY),
		question("example.org.", dns.TypeSOA), question("example.org.", dns.TypeNS), question("example.org.", dns.TypeTXT),
		question("www.example.org.", dns.TypeA), question("www.example.org.", dns.TypeHTTPS), question("b.example.org.", dns.TypeA),
	} {
		t.Run(q.Question[0].Name+dns.TypeToString[q.Question[0].Qtype], func(t *testing.T) {
			want := asked(t, e, q)
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					w := dnstest.NewRecorder(&test.ResponseWriter{})
					if _, err := e.ServeDNS(t.Context(), w, q.Copy()); err != nil {
						t.Error(err)
					}
					w.Msg.Answer = append(w.Msg.Answer, signature)
					w.Msg.Ns = append(w.Msg.Ns, signature)
					w.Msg.Extra = append(w.Msg.Extra, signature)
				})
			}
			wg.Wait()
			if diff := cmp.Diff(want, asked(t, e, q)); diff != "" {
				t.Errorf("the zone changed (-before +after):\n%s", diff)
			}
		})
	}
}

// TestAnswersFollowTheSnapshot: records are built once a snapshot, and no query gets those of the one before.
func TestAnswersFollowTheSnapshot(t *testing.T) {
	e := running(t, edges{}, silent, covered(network.Live, network.Live), "edgemanage mynet {"+body+"}", "example.org.")
	z := e.table()["example.org."]
	before := z.now()
	if z.now() != before {
		t.Error("the records of one snapshot were built twice")
	}
	withdraw(t, e.engine.networks["mynet"], "192.0.2.1")
	if after := z.now(); after == before || after.snapshot == before.snapshot {
		t.Error("the records are those of the snapshot before")
	}
	want := rrset("example.org. 60 IN A", "192.0.2.2")
	if diff := cmp.Diff(want, asked(t, e, question("example.org.", dns.TypeA))); diff != "" {
		t.Errorf("answer differs (-want +got):\n%s", diff)
	}
	if got := before.records.SOA[0].(*dns.SOA).Serial; got >= z.now().records.SOA[0].(*dns.SOA).Serial {
		t.Errorf("serial %d did not rise", got)
	}
}
