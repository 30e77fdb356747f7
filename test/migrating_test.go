//go:build e2e

package test

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/deflect-ca/coredns-edgemanage/legacy"
)

// migration is a site of the Python edgemanage, in a directory of its own, and docs/migrating.md, with the paths of that.
type migration struct {
	*site
	t      *testing.T
	port   string // of the server
	blocks map[string][]string
	ran    map[string]bool // commands
}

// newMigration makes the site as the tool left it: edge2 and edge4 are live, though edge1 is faster, and edge3 is taken out.
func newMigration(t *testing.T) *migration {
	m := &migration{site: newSite(t, 4), t: t, port: freePort(t), blocks: map[string][]string{}, ran: map[string]bool{}}
	for _, dir := range []string{"etc/edges", "etc/zones/mynet", "var/health", "out", "run"} {
		if err := os.MkdirAll(m.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var list strings.Builder
	for _, e := range m.edges {
		fmt.Fprintf(&list, "%s %s\n", e.name, e.addr)
	}
	m.site.write("etc/edges/mynet", list.String())
	m.site.write("etc/object", objectBody)
	m.site.write("etc/zones/mynet/example.org.zone", "@ MX 10 mail\nmail A 192.0.2.80\n")
	m.configure("var/health/", "var/{dnet}.state")
	for _, e := range m.edges {
		m.store(e, "available", "")
	}
	m.store(m.edges[2], "unavailable", "[alice] disk dies")
	m.live(m.edges[1], m.edges[3])
	m.site.write("out/example.org.zone", fmt.Sprintf("@ 300 IN SOA ns1.example.net. hostmaster.example.net. %d 43200 10800 1209600 300\n@ 300 IN NS ns1.example.net.\n", m.serial()))

	text := readFile(t, "../docs/migrating.md")
	m.swap(&text, "/srv/edgemanage", m.dir)
	m.swap(&text, "/run/edgemanage", m.path("run"))
	m.swap(&text, "state  /var/lib/edgemanage", "state "+m.path("state"))
	m.swap(&text, "unset EDGEMANAGE_CONTROL", "export EDGEMANAGE_CONTROL="+m.socket()) // the default is under /var/lib
	m.swap(&text, ".:1053", ".:"+m.port)
	m.swap(&text, "edgemanage mynet {\n", "edgemanage mynet {\n    allow_short_interval\n    interval "+interval.String()+"\n")
	for _, f := range readFences(t, text) {
		m.blocks[f.lang] = append(m.blocks[f.lang], f.text)
	}
	return m
}

func (m *migration) swap(text *string, old, new string) {
	m.t.Helper()
	if !strings.Contains(*text, old) {
		m.t.Fatalf("docs/migrating.md has no %q", old)
	}
	*text = strings.ReplaceAll(*text, old, new)
}

func (m *migration) socket() string { return m.path("state/control.sock") }

// serial is that of the tool's last zone file. Its clock was ahead.
func (m *migration) serial() uint32 {
	return uint32(time.Now().Truncate(24*time.Hour).Unix()) + 10*86400
}

// configure writes edgemanage.yaml. The interval of the server under test is shorter.
func (m *migration) configure(store, statefile string) {
	m.site.write("etc/edgemanage.yaml", fmt.Sprintf(`testobject:
  host: www.example.org
  port: %s
  proto: http
  uri: /object
  local: etc/object
dns:
  ns_records:
    - ns1.example.net.
  soa_nameserver: ns1.example.net.
  soa_mailbox: hostmaster.example.net.
run_frequency: 60
timeout: %g
goodenough: %g
healthdata_store: %s
statefile: %s
edgelist_dir: etc/edges/
zonetemplate_dir: etc/zones
edge_count: 2
named_dir: out/
live_list: out/edges.{dnet}.live
lockfile: var/edgemanage.lock
commands:
  run_after_changes:
    - touch %s
`, m.site.port, timeout.Seconds(), goodEnough.Seconds(), store, statefile, m.path("reloaded")))
}

// store writes the edgestore of an edge, with some samples like those of today.
func (m *migration) store(e *edge, mode, comment string) {
	now := time.Now()
	set := legacy.TimeOf(now.Add(-time.Hour))
	s := legacy.Edgestore{Health: "pass_threshold", Mode: mode, Comment: comment, State: "out", StateEntryTime: &set}
	for i := range 5 {
		s.FetchTimes = append(s.FetchTimes, legacy.Sample{At: legacy.TimeOf(now.Add(time.Duration(i-10) * time.Minute)), Seconds: 0.05})
	}
	m.site.write("var/health/"+e.name+".edgestore", string(s.Encode()))
}

// live writes the statefile and the live list.
func (m *migration) live(edges ...*edge) {
	now := time.Now()
	s := legacy.State{LastRun: legacy.TimeOf(now), RotationList: []legacy.Time{legacy.TimeOf(now.Add(-time.Hour))}, ActiveCanaries: map[string]string{}}
	for _, e := range edges {
		s.LastLive = append(s.LastLive, e.name)
	}
	m.site.write("var/mynet.state", string(s.Encode()))
	m.site.write("out/edges.mynet.live", strings.Join(s.LastLive, "\n")+"\n")
}

// shell runs a block of commands of the document, which must succeed, and returns what it printed.
func (m *migration) shell(has string) string {
	m.t.Helper()
	for _, block := range m.blocks["sh"] {
		if !strings.Contains(block, has) {
			continue
		}
		m.ran[block] = true
		cmd := exec.Command(need(m.t, "bash"), "-euc", block)
		cmd.Dir = m.dir
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(edgemanagePath)+":"+os.Getenv("PATH"), "EDGEMANAGE_CONTROL=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			m.t.Errorf("%s\n%v:\n%s", block, err, out)
		}
		return string(out)
	}
	m.t.Fatalf("docs/migrating.md has no block with %q", has)
	return ""
}

// author is whoever runs the test, as the comment of a mode has it.
var author = regexp.MustCompile(`\[[^]|]+\] new disk`)

// tree is what is in the directories of the tool, with the times of files.
func (m *migration) tree() map[string]string {
	m.t.Helper()
	files := map[string]string{}
	for _, dir := range []string{"etc", "var", "out"} {
		err := filepath.WalkDir(m.path(dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err == nil {
				files[path] = fmt.Sprint(info.Mode(), info.Size(), info.ModTime())
			}
			return err
		})
		if err != nil {
			m.t.Fatal(err)
		}
	}
	return files
}

// agrees waits until the server has the edges live that a live list names.
func (m *migration) agrees(socket, list string) {
	m.t.Helper()
	sees(m.t, patience, "the server to have the live set of "+list, func() string {
		out, status := command(m.t, socket, "diff-live", "-A", "mynet", m.path(list))
		return fmt.Sprint(status, " ", out)
	}, func(got string) bool { return got == "0 " })
}

// A site moves as docs/migrating.md says, with its Corefiles and its commands, while somebody goes on working with the tool;
// and back.
func TestMigrating(t *testing.T) {
	t.Parallel()
	m := newMigration(t)
	if out := m.shell("convert"); !strings.Contains(out, "edgemanage mynet {") || !strings.Contains(out, "not used here: lockfile") {
		t.Errorf("convert printed\n%s", out)
	}

	// Side by side: what the tool had live stays live, nothing is touched, and a difference is seen.
	before, dry := m.tree(), m.path("run/control.sock")
	s := newServer(t, m.dir, m.blocks["corefile"][0])
	s.addr = net.JoinHostPort("127.0.0.1", m.port)
	s.start()
	m.agrees(dry, "out/edges.mynet.live")
	rounds(t, 2, m.edges...)
	m.shell("diff-live -A mynet out/edges")
	if diff := cmp.Diff(before, m.tree()); diff != "" {
		t.Errorf("the dry run changed files (-before +after):\n%s", diff)
	}
	m.site.write("other.live", m.edges[0].name+"\n"+m.edges[3].name+"\n")
	out := does(t, 1, dry, "diff-live", m.path("other.live"))
	for _, want := range []string{"1 in both, 1 only in ", "\n- " + m.edges[0].name + "  out: ", "\n+ " + m.edges[1].name + "  live: "} {
		if !strings.Contains(out, want) {
			t.Errorf("got\n%s\nwant %q in it", out, want)
		}
	}

	// Meanwhile somebody takes edge4 out with edge_conf. A server that is restarted knows of it.
	m.store(m.edges[3], "unavailable", "[bob] too hot")
	m.live(m.edges[0], m.edges[1])
	s.stop()
	m.shell("cp -a var")
	s.configure(m.blocks["corefile"][1])
	s.start()
	s.awaitLine("imported from the Python edgemanage")
	if got, want := s.full(2), addresses(m.edges[0], m.edges[1]); !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v: the set of the tool", got, want)
	}
	m.agrees(m.socket(), "out.python/edges.mynet.live")
	out = m.shell("out.python/edges")
	for _, want := range []string{
		"mode\tstate\thealth\tedgename\tduration\tcomment\n", "\navailable\tin\tpass_threshold\t" + m.edges[0].name + "\t-1\t\n",
		"\t" + m.edges[2].name + "\t36", "\t[alice] disk dies\n", "unavailable\tout\tpass_threshold\t" + m.edges[3].name + "\t", "\t[bob] too hot\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("got\n%s\nwant %q in it", out, want)
		}
	}
	eventually(t, patience, "the zone file to be written above the tool's, and the command to have run", func() bool {
		_, err := os.Stat(m.path("reloaded"))
		return err == nil && s.serial() > m.serial() && strings.Contains(readFile(t, m.path("out/example.org.zone")), m.edges[0].addr.String())
	})
	if got := values(s.query("mail.example.org.", dns.TypeA)); !cmp.Equal(got, []string{"192.0.2.80"}) {
		t.Errorf("the rest of the zone: got %v", got)
	}

	// An operator works as with edge_conf, and the tool could go on from there at once.
	does(t, 1, m.socket(), "mode", "-A", "mynet", "-m", "unavailable", m.edges[1].name)
	does(t, 0, m.socket(), "mode", "-A", "mynet", "-m", "available", m.edges[3].name)
	does(t, 0, m.socket(), "mode", "-A", "mynet", "-m", "unavailable", "-C", "new disk", m.edges[1].name)
	s.becomes(patience, addresses(m.edges[0], m.edges[3]))
	sees(t, patience, "the files of the tool to follow", func() string {
		out, _ := runProgram(t, "", "python3", "testdata/takeover.py", m.path("var/legacy"), m.path("var/legacy/mynet.state"))
		return author.ReplaceAllString(out, "[somebody] new disk")
	}, func(got string) bool {
		return got == m.edges[0].name+"|available|in|\n"+m.edges[1].name+"|unavailable|out|[somebody] new disk\n"+
			m.edges[2].name+"|unavailable|out|[alice] disk dies\n"+m.edges[3].name+"|available|in|\n"+
			"live|"+m.edges[0].name+"|"+m.edges[3].name+"\n"
	})
	s.stop()

	// And back: what the document has in the yaml is where a tool that starts now finds everything.
	var store, statefile string
	for line := range strings.Lines(m.blocks["yaml"][0]) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "healthdata_store":
			store = value
		case "statefile":
			statefile = value
		}
	}
	m.configure(store, statefile)
	s.configure(m.blocks["corefile"][0])
	s.start()
	m.agrees(dry, "out/edges.mynet.live")
	if out := does(t, 0, dry, "edges", "-A", "mynet", "-m", "unavailable", "-q"); out != m.edges[1].name+"\n"+m.edges[2].name+"\n" {
		t.Errorf("got unavailable\n%s", out)
	}
	s.stop()

	// Instead of a server, from cron.
	if out := m.shell("once"); !strings.Contains(out, m.edges[0].name) {
		t.Errorf("once printed\n%s", out)
	}
	out = m.shell("mode -A mynet -c")
	for _, want := range []string{"mode\tstate\thealth", "would be unavailable until ", "is available", "saved; the next run of edgemanage once obeys it"} {
		if !strings.Contains(out, want) {
			t.Errorf("got\n%s\nwant %q in it", out, want)
		}
	}
	for _, block := range m.blocks["sh"] {
		if !m.ran[block] {
			t.Errorf("these commands of docs/migrating.md are tried by nobody:\n%s", block)
		}
	}
}
