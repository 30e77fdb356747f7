package edgemanage

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// includesOf writes a directory of includes, by the names of zones without a dot at the end.
func includesOf(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for zone, text := range files {
		include(t, dir, zone, text)
	}
	return dir
}

func include(t testing.TB, dir, zone, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, zone+".zone"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// noStatic is a broken include.
const noStatic = "@ A 192.0.2.99\n"

// exchange is a query and what is to become of it.
type exchange struct {
	name  string
	qtype uint16
	want  string
}

func askAll(t *testing.T, e *Edgemanage, all []exchange) {
	t.Helper()
	for _, q := range all {
		t.Run(q.name+dns.TypeToString[q.qtype], func(t *testing.T) {
			if diff := cmp.Diff(q.want, asked(t, e, question(q.name, q.qtype))); diff != "" {
				t.Errorf("answer differs (-want +got):\n%s", diff)
			}
		})
	}
}

// denied is an NXDOMAIN of example.org.
const denied = "NXDOMAIN aa\nauthority\n" + soa

// authority is what file adds to a positive answer.
const authority = "\nauthority\nexample.org. 3600 IN NS ns1.example.org.\nexample.org. 3600 IN NS ns2.example.org."

// TestWholeCorrections has the answers in which CoreDNS's lookup is corrected. That all others are BIND's is tested end to
// end, see test.
func TestWholeCorrections(t *testing.T) {
	dir := includesOf(t, map[string]string{"example.org": `
mail		A	198.51.100.1
shop		CNAME	@
label		CNAME	www
out		CNAME	www.example.net.
other		CNAME	www.example.com.
todname		CNAME	x.old
old		DNAME	new
up		DNAME	@
twice		CNAME	mail.up.up
x.new		A	198.51.100.2
wild		CNAME	x.star
*.star		A	198.51.100.3
ent.star	TXT	x
*.cutstar	CNAME	x.cut1
a.b.cutstar	TXT	x
a.b.star	TXT	x
tonothing	CNAME	nothing
l1		CNAME	l2
l2		CNAME	l1
self		CNAME	self
cut1		NS	ns.cut2
cut2		NS	ns.cut1
ns.cut1		A	198.51.100.4
ns.cut2		A	198.51.100.5
tocut		CNAME	x.cut1
rare		AFSDB	1 mail
`, "example.com": "www A 198.51.100.9"})
	e := running(t, edges{}, silent, covered(network.Live, network.Live), "edgemanage mynet {"+body+"includes "+dir+"\n}", ".")
	glue := "\nadditional\nns.cut2.example.org. 300 IN A 198.51.100.5"
	askAll(t, e, []exchange{
		// A chain that leads out is not followed, not even to another zone of ours, and the rest of the answer is as good.
		{"out.example.org.", dns.TypeA, "NOERROR aa\nout.example.org. 300 IN CNAME www.example.net."},
		{"other.example.org.", dns.TypeA, "NOERROR aa\nother.example.org. 300 IN CNAME www.example.com."},
		// It is in the zone, however it goes on.
		{"shop.example.org.", dns.TypeAAAA, "NOERROR aa\nshop.example.org. 300 IN CNAME example.org.\nexample.org. 60 IN AAAA 2001:db8::1" + authority},
		{"label.example.org.", dns.TypeAAAA, "NOERROR aa\nlabel.example.org. 300 IN CNAME www.example.org.\nwww.example.org. 60 IN AAAA 2001:db8::1" + authority},
		{"shop.example.org.", dns.TypeSOA, "NOERROR aa\nshop.example.org. 300 IN CNAME example.org.\n" + soa + authority},
		{"todname.example.org.", dns.TypeA, "NOERROR aa\ntodname.example.org. 300 IN CNAME x.old.example.org.\nold.example.org. 300 IN DNAME new.example.org.\n" +
			"x.old.example.org. 300 IN CNAME x.new.example.org.\nx.new.example.org. 300 IN A 198.51.100.2" + authority},
		{"twice.example.org.", dns.TypeA, "NOERROR aa\ntwice.example.org. 300 IN CNAME mail.up.up.example.org.\nup.example.org. 300 IN DNAME example.org.\n" +
			"mail.up.up.example.org. 300 IN CNAME mail.up.example.org.\nmail.up.example.org. 300 IN CNAME mail.example.org.\nmail.example.org. 300 IN A 198.51.100.1" + authority},
		{"wild.example.org.", dns.TypeA, "NOERROR aa\nwild.example.org. 300 IN CNAME x.star.example.org.\nx.star.example.org. 300 IN A 198.51.100.3" + authority},
		{"tonothing.example.org.", dns.TypeA, "NXDOMAIN aa\ntonothing.example.org. 300 IN CNAME nothing.example.org.\nauthority\n" + soa},
		{"tocut.example.org.", dns.TypeA, "NOERROR aa\ntocut.example.org. 300 IN CNAME x.cut1.example.org.\nauthority\ncut1.example.org. 300 IN NS ns.cut2.example.org." + glue},
		// Where it ends without the type the SOA says so.
		{"shop.example.org.", dns.TypeMX, "NOERROR aa\nshop.example.org. 300 IN CNAME example.org.\nauthority\n" + soa},
		{"label.example.org.", dns.TypeTXT, "NOERROR aa\nlabel.example.org. 300 IN CNAME www.example.org.\nauthority\n" + soa},
		{"wild.example.org.", dns.TypeMX, "NOERROR aa\nwild.example.org. 300 IN CNAME x.star.example.org.\nauthority\n" + soa},
		// A chain that does not end is no answer.
		{"l1.example.org.", dns.TypeA, servfail},
		{"self.example.org.", dns.TypeA, servfail},
		// No wildcard stands for a name that exists, though it has no records.
		{"b.star.example.org.", dns.TypeA, nodata},
		{"b.star.example.org.", dns.TypeANY, nodata},
		{"ent.star.example.org.", dns.TypeA, nodata},
		{"b.cutstar.example.org.", dns.TypeA, nodata},
		{"y.b.star.example.org.", dns.TypeA, denied},
		{"c.star.example.org.", dns.TypeA, "NOERROR aa\nc.star.example.org. 300 IN A 198.51.100.3" + authority},
		// Each of two cuts needs the glue of the other.
		{"x.cut1.example.org.", dns.TypeA, "NOERROR\nauthority\ncut1.example.org. 300 IN NS ns.cut2.example.org." + glue},
		// ANY is one RRset of those that are there.
		{"mail.example.org.", dns.TypeANY, "NOERROR aa\nmail.example.org. 300 IN A 198.51.100.1"},
		{"rare.example.org.", dns.TypeANY, "NOERROR aa\nrare.example.org. 300 IN AFSDB 1 mail.example.org."},
		{"shop.example.org.", dns.TypeANY, "NOERROR aa\nshop.example.org. 300 IN CNAME example.org."},
		{"x.old.example.org.", dns.TypeANY, "NOERROR aa\nold.example.org. 300 IN DNAME new.example.org.\nx.old.example.org. 300 IN CNAME x.new.example.org."},
		{"x.cut1.example.org.", dns.TypeANY, "NOERROR\nauthority\ncut1.example.org. 300 IN NS ns.cut2.example.org." + glue},
		{"nothing.example.org.", dns.TypeANY, denied},
		// A transfer that comes here is not to be had.
		{"example.org.", dns.TypeAXFR, "refused"},
		{"mail.example.org.", dns.TypeIXFR, "refused"},
	})
}

// TestWholeUndecided: while addresses are not decided nothing denies them, and all else is answered: the edges' own names
// may be in the zone.
func TestWholeUndecided(t *testing.T) {
	dir := includesOf(t, map[string]string{"example.org": "@ MX 10 mail\nmail A 198.51.100.1\nshop CNAME @\nlabel CNAME www\n* A 198.51.100.2\nfar CNAME shop\n", "example.com": ""})
	hangs := edges{a1: hang, a2: hang, six: hang}
	e := running(t, hangs, silent, covered(network.Undecided, network.Undecided), "edgemanage mynet {"+body+"includes "+dir+"\n}", ".")
	empty := "NOERROR aa\nauthority\n" + strings.NewReplacer("example.org. 60", "example.com. 60", "hostmaster.example.org", "hostmaster.example.com").Replace(soa)
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
		askAll(t, e, []exchange{
			{"example.org.", qtype, servfail},
			{"www.example.org.", qtype, servfail},
			{"shop.example.org.", qtype, servfail},
			{"far.example.org.", qtype, servfail},
			{"label.example.org.", qtype, servfail},
			{"b.example.org.", qtype, nodata}, // above the label a.b: not a wildcard's either
			{"example.com.", qtype, servfail},
		})
	}
	askAll(t, e, []exchange{
		{"example.org.", dns.TypeMX, "NOERROR aa\nexample.org. 300 IN MX 10 mail.example.org." + authority + "\nadditional\nmail.example.org. 300 IN A 198.51.100.1"},
		{"mail.example.org.", dns.TypeA, "NOERROR aa\nmail.example.org. 300 IN A 198.51.100.1" + authority},
		{"www.example.org.", dns.TypeTXT, nodata},
		{"www.example.org.", dns.TypeANY, "NOERROR aa\nwww.example.org. 60 IN HINFO \"RFC8482\" \"\""},
		{"shop.example.org.", dns.TypeTXT, "NOERROR aa\nshop.example.org. 300 IN CNAME example.org.\nauthority\n" + soa},
		{"label.example.org.", dns.TypeTXT, "NOERROR aa\nlabel.example.org. 300 IN CNAME www.example.org.\nauthority\n" + soa},
		{"example.com.", dns.TypeTXT, empty},
		{"www.example.com.", dns.TypeTXT, empty},
		{"other.example.com.", dns.TypeTXT, strings.Replace(empty, "NOERROR", "NXDOMAIN", 1)},
	})
	if ch, err := e.Transfer("example.org.", 0); ch != nil || err == nil {
		t.Errorf("it is transferred: %v, %v", ch, err)
	}
}

// TestWholeBroken: of a zone whose include was never good the rotating names answer, no other is denied, and nothing is
// given away.
func TestWholeBroken(t *testing.T) {
	dir := includesOf(t, map[string]string{"example.org": noStatic, "example.com": "mail A 198.51.100.1"})
	e := running(t, edges{}, silent, covered(network.Live, network.Live), "edgemanage mynet {"+body+"includes "+dir+"\n}", ".")
	askAll(t, e, []exchange{
		{"example.org.", dns.TypeA, rrset("example.org. 60 IN A", "192.0.2.1", "192.0.2.2")},
		{"www.example.org.", dns.TypeAAAA, rrset("www.example.org. 60 IN AAAA", "2001:db8::1")},
		{"example.org.", dns.TypeSOA, apexSOA},
		{"example.org.", dns.TypeNS, apexNS},
		{"example.org.", dns.TypeMX, servfail},
		{"www.example.org.", dns.TypeTXT, servfail},
		{"mail.example.org.", dns.TypeA, servfail},
		{"b.example.org.", dns.TypeA, servfail},
	})
	for zone, given := range map[string]bool{"example.org.": false, "example.com.": true} {
		if _, err := transferred(e, zone, 0); (err == nil) != given {
			t.Errorf("transferring %s: %v", zone, err)
		}
	}
}

// TestWholeNested: the closest zone answers, but DS at its apex, which is the enclosing zone's. A zone of ours is never
// denied by the one above, which need not delegate it.
func TestWholeNested(t *testing.T) {
	dir := includesOf(t, map[string]string{
		"example.org":         "sub NS ns1\nsub DS 12345 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\n* TXT wild\nto CNAME x.bare\nbelow NS ns.example.net.\n",
		"sub.example.org":     "@ TXT sub\nup CNAME example.org.\n",
		"bare.example.org":    "x A 198.51.100.1\n",
		"x.below.example.org": "",
	})
	e := running(t, edges{}, silent, covered(network.Live, network.Live), "edgemanage mynet {"+body+"includes "+dir+"\n}", ".")
	const ds = "sub.example.org. 300 IN DS 12345 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"
	askAll(t, e, []exchange{
		{"sub.example.org.", dns.TypeDS, "NOERROR aa\n" + ds + authority},
		{"bare.example.org.", dns.TypeDS, nodata},
		{"x.below.example.org.", dns.TypeDS, "NOERROR\nauthority\nbelow.example.org. 300 IN NS ns.example.net."},
		{"example.org.", dns.TypeDS, nodata},
		{"up.sub.example.org.", dns.TypeA, "NOERROR aa\nup.sub.example.org. 300 IN CNAME example.org."},
		{"to.example.org.", dns.TypeA, "NOERROR aa\nto.example.org. 300 IN CNAME x.bare.example.org."},
		{"other.example.org.", dns.TypeTXT, "NOERROR aa\nother.example.org. 300 IN TXT \"wild\"" + authority},
	})
}

// TestWholeGoneThisMoment: a query may find the zone in the table when the snapshot has it no more.
func TestWholeGoneThisMoment(t *testing.T) {
	dir := includesOf(t, map[string]string{"example.org": "mail A 198.51.100.1", "example.com": ""})
	e := running(t, edges{}, silent, covered(network.Live, network.Live), "edgemanage mynet {"+body+"includes "+dir+"\n}", ".")
	if err := os.Remove(filepath.Join(dir, "example.org.zone")); err != nil {
		t.Fatal(err)
	}
	await(t, "the zone to go", func() bool { return e.engine.networks["mynet"].Snapshot().Zone("example.org.") == nil })
	askAll(t, e, []exchange{
		{"mail.example.org.", dns.TypeA, servfail},
		{"example.org.", dns.TypeMX, servfail},
	})
	if _, err := transferred(e, "example.org.", 0); err == nil {
		t.Error("it is transferred")
	}
	e.serve()
	askAll(t, e, []exchange{{"mail.example.org.", dns.TypeA, "NXDOMAIN"}})
}

// TestWholeConcurrently: CoreDNS's lookup appends to slices of the zone's own, *dnssec* to those of an answer. Either would
// be a race, and the records of one answer in another.
func TestWholeConcurrently(t *testing.T) {
	var text strings.Builder
	text.WriteString("cut DS 12345 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\nshop CNAME many\nold DNAME new\n")
	for i := range 3 { // which leaves room for a fourth
		fmt.Fprintf(&text, "cut NS ns%d.cut\nns%d.cut A 198.51.100.%d\nmany A 198.51.100.%d\nx.new A 198.51.100.%d\n*.star TXT %d\n@ MX %d many\n", i, i, i, i, i, i, i)
	}
	dir := includesOf(t, map[string]string{"example.org": text.String()})
	e := running(t, edges{}, silent, covered(network.Live, network.Live), "edgemanage mynet {"+body+"includes "+dir+"\n}", ".")
	signature := rr("example.org. 60 IN TXT signature")[0]
	for _, q := range []*dns.Msg{
		question("x.cut.example.org.", dns.TypeA), question("cut.example.org.", dns.TypeDS), question("shop.example.org.", dns.TypeA),
		question("many.example.org.", dns.TypeA), question("many.example.org.", dns.TypeTXT), question("x.old.example.org.", dns.TypeA),
		question("x.star.example.org.", dns.TypeTXT), question("example.org.", dns.TypeMX), question("many.example.org.", dns.TypeANY),
		question("nothing.example.org.", dns.TypeA),
	} {
		q.SetEdns0(1232, true)
		t.Run(q.Question[0].Name+dns.TypeToString[q.Question[0].Qtype], func(t *testing.T) {
			want := asked(t, e, q)
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					for range 20 {
						w := dnstest.NewRecorder(&testWriter{})
						if _, err := e.ServeDNS(t.Context(), w, q.Copy()); err != nil {
							t.Error(err)
						}
						w.Msg.Answer = append(w.Msg.Answer, signature)
						w.Msg.Ns = append(w.Msg.Ns, signature)
						w.Msg.Extra = append(w.Msg.Extra, signature)
					}
				})
			}
			wg.Wait()
			if diff := cmp.Diff(want, asked(t, e, q)); diff != "" {
				t.Errorf("the zone changed (-before +after):\n%s", diff)
			}
		})
	}
}

// TestWholeSignedCut: a validator is given the DS with the delegation (RFC 4035, 3.1.4), others are not.
func TestWholeSignedCut(t *testing.T) {
	const ds = "cut.example.org. 300 IN DS 12345 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"
	dir := includesOf(t, map[string]string{"example.org": "cut NS ns.example.net.\n" + strings.Replace(ds, ".example.org.", "", 1) + "\n"})
	e := running(t, edges{}, silent, covered(network.Live, network.Live), "edgemanage mynet {"+body+"includes "+dir+"\n}", ".")
	const plain = "NOERROR\nauthority\ncut.example.org. 300 IN NS ns.example.net."
	q := question("x.cut.example.org.", dns.TypeA)
	if diff := cmp.Diff(plain, asked(t, e, q)); diff != "" {
		t.Errorf("answer differs (-want +got):\n%s", diff)
	}
	q.SetEdns0(1232, true)
	if diff := cmp.Diff(plain+"\n"+ds, asked(t, e, q)); diff != "" {
		t.Errorf("answer with DO differs (-want +got):\n%s", diff)
	}
}

// TestWholeBuiltOnce: however many queries come for a zone that has changed, one builds it. The others do not wait: they are
// answered from the zone as it was.
func TestWholeBuiltOnce(t *testing.T) {
	var text strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&text, "host%d A 198.51.100.1\n", i)
	}
	dir := includesOf(t, map[string]string{"example.org": text.String()})
	e := running(t, edges{}, silent, covered(network.Live, network.Live), "edgemanage mynet {"+body+"includes "+dir+"\n}", ".")
	z := e.table()["example.org."]
	was, _, err := z.tree(z.now())
	if err != nil {
		t.Fatal(err)
	}
	now := &answers{snapshot: z.now().snapshot, own: z.now().own, records: z.now().records} // as after a change
	trees := make([]*wholeZone, 32)
	var wg sync.WaitGroup
	for i := range trees {
		wg.Go(func() {
			tree, _, err := z.tree(now)
			if err != nil {
				t.Error(err)
			}
			trees[i] = tree
		})
	}
	wg.Wait()
	built := now.tree.Load()
	for _, tree := range trees {
		if tree != was && tree != built {
			t.Fatal("two queries have built the zone")
		}
	}
	if tree, of, _ := z.tree(now); tree != built || of != now {
		t.Error("the zone is not answered from as it is, once it is built")
	}
}
