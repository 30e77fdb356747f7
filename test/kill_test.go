//go:build e2e

package test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// kills is how often TestKilledAtRandom kills the server.
const kills = 60

// shown is what a server showed at one moment.
type shown struct {
	serial uint32
	set    []string
}

// look asks for the set and its serial; ok is false when the server does not answer, or the set changed in between.
func (s *server) look() (now shown, ok bool) {
	serial := func() uint32 {
		m, err := s.exchange(zone, dns.TypeSOA, time.Second)
		if err != nil || len(m.Answer) != 1 {
			return 0
		}
		return m.Answer[0].(*dns.SOA).Serial
	}
	now.serial = serial()
	m, err := s.exchange(zone, dns.TypeA, time.Second)
	if now.serial == 0 || err != nil || serial() != now.serial {
		return shown{}, false
	}
	now.set = values(m)
	return now, true
}

// However often the server is killed, and whenever, it goes on with the set that it last showed, or one it had chosen
// since; a serial never comes back for another set.
func TestKilledAtRandom(t *testing.T) {
	t.Parallel()
	st := newSite(t, 4)
	// A set waits at most 250 ms for the disk before it is shown; in memory no other user of the machine's disk can make
	// that too short.
	st.with("state " + memoryDir(t))
	s := startServer(t, st.dir, block("example.org", st.directive("main")))
	s.full(2)
	sets := map[uint32][]string{}
	var last shown
	seen := func(now shown) {
		t.Helper()
		if now.serial < last.serial {
			t.Fatalf("the serial fell from %d to %d", last.serial, now.serial)
		}
		if known, again := sets[now.serial]; again && !slices.Equal(known, now.set) {
			t.Fatalf("serial %d stands for %v, and stood for %v", now.serial, now.set, known)
		}
		sets[now.serial], last = now.set, now
	}
	same, changes := 0, 0
	for range kills {
		// One of the live edges breaks, the others work: somewhere within the next interval the set changes.
		for _, e := range st.edges {
			e.set(t, healthy)
		}
		broken := s.full(2)[rand.IntN(2)]
		st.at(broken).set(t, []behaviour{serverError, refusing, hanging}[rand.IntN(3)])
		end := time.NewTimer(rand.N(5 * interval / 4))
		for ended := false; !ended; {
			if now, ok := s.look(); ok {
				if now.serial != last.serial {
					changes++
				}
				seen(now)
			}
			select {
			case <-end.C:
				ended = true
			default:
			}
		}
		s.kill()
		before := last
		s.start()
		var first shown
		eventually(t, 10*time.Second, "the first answer", func() bool {
			now, ok := s.look()
			first = now
			return ok
		})
		seen(first)
		if first.serial == before.serial {
			same++
		}
	}
	t.Logf("%d kills, %d changes seen; %d times the first answer was the last one before the kill", kills, changes, same)
	if same == 0 || changes == 0 {
		t.Error("nothing was proved: want changes, and sets that outlived a kill")
	}
}

// memoryDir is a directory in memory where the machine has that.
func memoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "edgemanage-e2e-")
	if err != nil {
		return filepath.Join(t.TempDir(), "state")
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
