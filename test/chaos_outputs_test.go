//go:build e2e && chaos

package test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
)

// ruin takes away what a place outside the state is written to, and gives it back. OUT is its directory, FILE a file in it that
// the server writes.
type ruin struct {
	name                 string
	mount, breaks, mends string
	stuck                bool // a process that has begun to write cannot end before it is mended: the kernel keeps it
}

var ruins = []ruin{
	{name: "on a full disk", mount: "mount -t tmpfs -o size=1m none OUT", breaks: "dd if=/dev/zero of=OUT/filler bs=4k 2>/dev/null || true", mends: "rm OUT/filler"},
	{name: "on a read-only disk", mount: "mount -t tmpfs -o size=1m none OUT", breaks: "mount -o remount,ro OUT", mends: "mount -o remount,rw OUT"},
	{name: "on a stuck disk", mount: "dd if=/dev/zero of=IMAGE bs=1M count=16 2>/dev/null && mkfs.ext4 -q IMAGE && mount -o loop IMAGE OUT",
		breaks: "fsfreeze --freeze OUT", mends: "fsfreeze --unfreeze OUT", stuck: true},
	{name: "a pipe in the place of one", mount: "true", breaks: "rm FILE && mkfifo FILE", mends: "rm -f FILE"},
}

// place is one outside the state that the server writes.
type place struct {
	property string
	value    string // of the property
	file     string // one that it writes, in which
	holds    func(text string, e *edge) bool
}

var places = []place{
	{"zonefiles", "OUT", "OUT/example.org.zone", func(text string, e *edge) bool { return strings.Contains(text, e.addr.String()) }},
	{"live_list", "OUT/live", "OUT/live", func(text string, e *edge) bool { return strings.Contains(text, e.name) }},
	{"legacy", "OUT", "OUT/main.state", func(text string, e *edge) bool {
		var s struct {
			Live []string `json:"last_live"`
		}
		return json.Unmarshal([]byte(text), &s) == nil && slices.Contains(s.Live, e.name)
	}},
}

// stopBound is within what a server ends that is told to.
const stopBound = 10 * time.Second

// TestChaosOutputs takes away each place outside the state that the server writes, in every way. Sets change, the server reloads
// and ends as ever; once it is mended, the files are written.
func TestChaosOutputs(t *testing.T) {
	privileged(t)
	figures.Part(t)
	for _, out := range places {
		for _, r := range ruins {
			name := "files of " + out.property + ": " + r.name
			figures.Expect(t, "faults", name)
			t.Run(out.property+" "+r.name, func(t *testing.T) {
				t.Parallel()
				withoutOutput(t, name, out, r)
			})
		}
	}
}

func withoutOutput(t *testing.T, name string, out place, r ruin) {
	st := newSite(t, 5).with("control " + filepath.Join(memoryDir(t), "socket"))
	dir, images := st.path("out"), t.TempDir()
	must(t, os.Mkdir(dir, 0o755))
	file := strings.ReplaceAll(out.file, "OUT", dir)
	script := func(text string) string {
		return strings.NewReplacer("OUT", dir, "IMAGE", filepath.Join(images, "disk"), "FILE", file).Replace(text)
	}
	st.with(out.property + " " + script(out.value))
	ns := newNamespace(t, false, script(r.mount))
	s := newServer(t, st.dir, block(".", st.directive("main", zone)))
	s.in = ns
	s.start()
	s.awaitAnswers()
	live := s.full(2)
	written := func(set []string) {
		t.Helper()
		sees(t, patience, "the set to be in "+file, func() string { return ns.sh("cat " + file + " 2>/dev/null || true") }, func(text string) bool {
			for _, addr := range set {
				if !out.holds(text, st.at(addr)) {
					return false
				}
			}
			return true
		})
	}
	written(live)
	rounds(t, 2, st.edges...)

	ns.sh(script(r.breaks))
	broken := true
	mend := func() {
		if broken {
			broken = false
			ns.sh(script(r.mends))
		}
	}
	defer mend()
	w := bearWitness(t, s)
	swap := func() time.Duration {
		t.Helper()
		victim := st.at(s.full(2)[0])
		victim.set(t, serverError)
		took := s.leaves(10*swapBound, victim.addr.String())
		s.full(2)
		victim.set(t, healthy)
		rounds(t, 2, st.edges...)
		return took.Round(100 * time.Millisecond)
	}
	before := swap()
	const says = "[INFO] Reloading complete"
	ended := len(s.lines(says))
	s.signal(syscall.SIGUSR1)
	reload := eventually(t, patience, "the reload to end", func() bool { return len(s.lines(says)) > ended })
	after := swap()
	kept := st.saved(t, s)
	answers := w.answers()

	// It ends while the disk is as it was, but for what the kernel keeps: there it is enough that another one can start.
	s.signal(syscall.SIGTERM)
	_, number, _ := net.SplitHostPort(s.addr)
	port, err := strconv.Atoi(number)
	must(t, err)
	var end time.Duration
	if r.stuck {
		end = eventually(t, patience, "the server to leave its addresses", func() bool { return free(port) })
		mend()
	} else {
		end = eventually(t, patience, "the server to end", func() bool { return !s.running() })
	}
	if end > stopBound {
		t.Errorf("it ended after %s, bound %s", end, stopBound)
	}
	eventually(t, patience, "the process to be gone", func() bool { return !s.running() })
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("the server ended with %v\n%s", s.cmd.ProcessState, s.tail())
	}
	mend()
	s.start()
	s.awaitAnswers()
	written(s.full(2))
	fault(t, name, answers, fmt.Sprintf("a dead edge left in %s; after a reload, which took %s, another in %s", before, reload.Round(10*time.Millisecond), after),
		fmt.Sprintf("%s; ended in %s; the files were written once it was mended", kept, end.Round(10*time.Millisecond)))
}
