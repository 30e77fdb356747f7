//go:build e2e && chaos

package test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// shownZone is what one zone has shown so far.
type shownZone struct {
	serial  uint32
	edition int
	shown   map[uint32]string // what each serial stood for
	last    shown             // the last set that is known to be that of its serial
}

var editionText = regexp.MustCompile(`^\d+$`)

// ask looks at one zone all the time. An answer is a fault when it is none of a working zone, when its serial or edition is
// lower than one seen before, and when a serial stands for another content than it did.
func (o *ordeal) ask(zone string, stop chan struct{}) {
	serial := func() (uint32, bool) {
		m, ok := o.question(zone, dns.TypeSOA)
		if !ok {
			return 0, false
		}
		return m.Answer[0].(*dns.SOA).Serial, true
	}
	tick := time.NewTicker(4 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		before, ok := serial()
		if !ok {
			continue
		}
		addresses, ok1 := o.question(zone, dns.TypeA)
		text, ok2 := o.question("edition."+zone, dns.TypeTXT)
		after, ok3 := serial()
		if !ok1 || !ok2 || !ok3 {
			continue
		}
		o.see(zone, before, after, addresses, text)
	}
}

func (o *ordeal) see(zone string, before, after uint32, addresses, text *dns.Msg) {
	o.mu.Lock()
	defer o.mu.Unlock()
	z := o.zones[zone]
	if before < z.serial || after < before {
		o.bad = append(o.bad, fmt.Sprintf("the serial of %s was %d, then %d and %d", zone, z.serial, before, after))
	}
	if after != z.serial {
		o.changes++
	}
	z.serial = after
	words := text.Answer[0].(*dns.TXT).Txt
	edition, err := strconv.Atoi(strings.Join(words, ""))
	if err != nil || !editionText.MatchString(words[0]) || edition < z.edition {
		o.bad = append(o.bad, fmt.Sprintf("%s is in edition %q after %d", zone, words, z.edition))
	}
	z.edition = edition
	if before != after {
		return
	}
	z.last = shown{after, values(addresses)}
	shown := fmt.Sprint(values(addresses), edition)
	if known, again := z.shown[after]; again && known != shown {
		o.bad = append(o.bad, fmt.Sprintf("serial %d of %s stood for %s, and for %s", after, zone, known, shown))
	}
	z.shown[after] = shown
}

// question asks once. Without an answer the server is dead, for a moment; one without records is a fault.
func (o *ordeal) question(name string, qtype uint16) (*dns.Msg, bool) {
	m, err := o.s.exchange(name, qtype, 300*time.Millisecond)
	if err != nil {
		return nil, false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	if m.Rcode != dns.RcodeSuccess || len(m.Answer) == 0 {
		o.bad = append(o.bad, fmt.Sprintf("%s %s is answered with %s and %d records", name, dns.TypeToString[qtype], dns.RcodeToString[m.Rcode], len(m.Answer)))
		return nil, false
	}
	return m, true
}
