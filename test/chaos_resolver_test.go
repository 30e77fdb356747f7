//go:build e2e && chaos

package test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
	"github.com/miekg/dns"
)

// resolver is a name server for the names of edges, which does as it is told. It is the only one of its namespace.
type resolver struct {
	mu     sync.Mutex
	does   func(w dns.ResponseWriter, q *dns.Msg, truth []string)
	truth  map[string][]string // addresses by name
	asked  int
	server *dns.Server
}

func (r *resolver) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	r.mu.Lock()
	r.asked++
	does, truth := r.does, r.truth[strings.ToLower(q.Question[0].Name)]
	r.mu.Unlock()
	does(w, q, truth)
}

func (r *resolver) tell(does func(w dns.ResponseWriter, q *dns.Msg, truth []string)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.does = does
}

func (r *resolver) questions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

// honest answers with addresses; others are lies.
func honest(w dns.ResponseWriter, q *dns.Msg, addrs []string) {
	m := new(dns.Msg).SetReply(q)
	for _, a := range addrs {
		if q.Question[0].Qtype == dns.TypeA {
			m.Answer = append(m.Answer, &dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.ParseIP(a)})
		}
	}
	_ = w.WriteMsg(m)
}

func says(rcode int) func(w dns.ResponseWriter, q *dns.Msg, _ []string) {
	return func(w dns.ResponseWriter, q *dns.Msg, _ []string) { _ = w.WriteMsg(new(dns.Msg).SetRcode(q, rcode)) }
}

func lies(addrs ...string) func(w dns.ResponseWriter, q *dns.Msg, _ []string) {
	return func(w dns.ResponseWriter, q *dns.Msg, _ []string) { honest(w, q, addrs) }
}

// TestChaosResolver has edges that are known by name alone, and a resolver that fails in every way while they work.
func TestChaosResolver(t *testing.T) {
	privileged(t)
	figures.Part(t)
	st := newSite(t, 0)
	conf := st.write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:2\n")
	ns := newNamespace(t, true, "mount --bind "+conf+" /etc/resolv.conf")
	r := &resolver{does: honest, truth: map[string][]string{}}
	var list strings.Builder
	for i := range 4 {
		e := newEdgeIn(t, ns, fmt.Sprintf("edge%d.example.net", i+1), fmt.Sprintf("127.99.0.%d", i+1), st.port)
		e.slow(time.Duration(i) * 20 * time.Millisecond)
		st.edges = append(st.edges, e)
		r.truth[e.name+"."] = []string{e.addr.String()}
		fmt.Fprintln(&list, e.name)
	}
	stranger := newEdgeIn(t, ns, "stranger", "127.99.1.1", st.port)
	stranger.set(t, wrongBody)
	st.write("edges", list.String())
	listen := func() {
		var at net.PacketConn
		var err error
		ns.enter(func() { at, err = net.ListenPacket("udp", "127.0.0.1:53") })
		must(t, err)
		r.server = &dns.Server{PacketConn: at, Handler: r}
		up := make(chan struct{})
		r.server.NotifyStartedFunc = func() { close(up) }
		go func() { _ = r.server.ActivateAndServe() }()
		<-up
	}
	listen()
	defer func() { _ = r.server.Shutdown() }()

	s := newServer(t, st.dir, block("example.org", st.directive("main")))
	s.in = ns
	s.start()
	s.awaitAnswers()
	s.full(2)
	o := st.operator()
	withdrawn := st.edges[3]
	o.mode(withdrawn.name, "unavailable")
	rounds(t, 2, st.edges...)
	cases := []struct {
		name string
		does func(w dns.ResponseWriter, q *dns.Msg, truth []string) // nil: nobody listens
	}{
		{"dead", nil},
		{"silent", func(dns.ResponseWriter, *dns.Msg, []string) {}},
		{"slow, two seconds an answer", func(w dns.ResponseWriter, q *dns.Msg, truth []string) {
			<-time.After(2 * time.Second)
			honest(w, q, truth)
		}},
		{"failing (SERVFAIL)", says(dns.RcodeServerFailure)},
		{"denying every name (NXDOMAIN)", says(dns.RcodeNameError)},
		{"denying every address (NODATA)", lies()},
		{"sending noise", func(w dns.ResponseWriter, _ *dns.Msg, _ []string) { _, _ = w.Write([]byte(noise(100))) }},
		{"lying: an address where nobody listens", lies("127.99.2.2")},
		{"lying: a stranger's address", lies(stranger.addr.String())},
		{"lying: the address of a withdrawn edge", lies(withdrawn.addr.String())},
		{"lying: 0.0.0.0", lies("0.0.0.0")},
	}
	for _, tt := range cases {
		figures.Expect(t, "faults", "resolver: "+tt.name)
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			live := s.full(2)
			w, changes := bearWitness(t, s), s.setChanges()
			if r.tell(tt.does); tt.does == nil {
				must(t, r.server.Shutdown())
			}
			asked := r.questions()
			if tt.does != nil {
				eventually(t, patience, "the resolver to be asked", func() bool { return r.questions() > asked+12 })
			}
			began := time.Now()
			eventually(t, patience, "three rounds to pass", func() bool { return time.Since(began) > 3*interval })
			rung := o.network().Families[0].Rung
			kept := st.saved(t, s)
			answers := w.answers()
			for _, set := range w.sets {
				for addr := range strings.FieldsSeq(set) {
					if addr == withdrawn.addr.String() {
						t.Errorf("%s was answered, the address of the edge that is withdrawn", addr)
					} else if !strings.HasPrefix(addr, "127.99.0.") {
						t.Errorf("%s was answered, the address of no edge", addr)
					}
				}
			}
			set := "as before"
			if got := s.apex(); !slices.Equal(got, live) {
				set = fmt.Sprintf("%d of %d as before, after %d changes", common(got, live), len(live), s.setChanges()-changes)
			}
			r.tell(honest)
			if tt.does == nil {
				listen()
			}
			took := eventually(t, patience, "every edge to pass", func() bool {
				for _, e := range o.edges() {
					if e.LastFailed {
						return false
					}
				}
				return o.network().Families[0].Rung == "full"
			})
			fault(t, "resolver: "+tt.name, answers, fmt.Sprintf("%s, rung %s; no address but the last good ones was answered", set, rung),
				fmt.Sprintf("%s; every edge passes %s after it healed", kept, took.Round(100*time.Millisecond)))
		})
	}
}

// common counts what both have.
func common(a, b []string) (n int) {
	for _, v := range a {
		if slices.Contains(b, v) {
			n++
		}
	}
	return n
}
