//go:build e2e

package test

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// visitor is somebody who runs `edgemanage demo` and looks at what it prints.
type visitor struct {
	cmd   *exec.Cmd
	keys  io.WriteCloser
	temp  string // where the demo makes its directory
	port  string // of the server
	ended chan error

	mu   sync.Mutex
	seen bytes.Buffer
}

// Write takes up what the demo prints.
func (v *visitor) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.seen.Write(p)
}

func (v *visitor) text() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.seen.String()
}

// visit starts a demo in a process group of its own, as a shell does.
func visit(t *testing.T, args ...string) *visitor {
	t.Helper()
	v := &visitor{temp: t.TempDir(), port: freePort(t), ended: make(chan error, 1)}
	args = append([]string{"demo", "--coredns", corednsPath, "--dns", "127.0.0.1:" + v.port, "--metrics", "", "--status", ""}, args...)
	v.cmd = exec.Command(edgemanagePath, args...)
	v.cmd.Env = append(os.Environ(), "TMPDIR="+v.temp)
	v.cmd.Stdout, v.cmd.Stderr = v, v
	v.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	keys, err := v.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	v.keys = keys
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { v.ended <- v.cmd.Wait() }()
	t.Cleanup(func() {
		v.cmd.Process.Kill() // an error says that it has ended
		if t.Failed() {
			t.Logf("the demo printed:\n%s", v.text())
		}
	})
	v.sees(t, `example\.org A 127\.0\.0\.11 127\.0\.0\.12 127\.0\.0\.13\n`)
	return v
}

// sees waits until the pattern is on the screen, and returns its submatches.
func (v *visitor) sees(t *testing.T, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	eventually(t, patience, "the demo to print "+pattern, func() bool { return re.MatchString(v.text()) })
	return re.FindStringSubmatch(v.text())
}

func (v *visitor) dig(t *testing.T, question ...string) string {
	t.Helper()
	out, _ := runProgram(t, "", "dig", append([]string{"@127.0.0.1", "-p", v.port, "+short", "+tries=1"}, question...)...)
	return strings.Join(strings.Fields(out), " ")
}

// left lists what still runs in the demo's directory: the server's working directory is there.
func (v *visitor) left() (processes []string) {
	cwds, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, cwd := range cwds {
		if dir, err := os.Readlink(cwd); err == nil && strings.HasPrefix(dir, v.temp) {
			processes = append(processes, cwd)
		}
	}
	return processes
}

// wait waits for the demo's end.
func (v *visitor) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-v.ended:
		return err
	case <-time.After(patience):
		t.Fatalf("the demo has not ended after %s", patience)
		return nil
	}
}

// end waits for the demo's end and expects it to have been a good one, with nothing left.
func (v *visitor) end(t *testing.T) {
	t.Helper()
	edge := v.sees(t, `on 127\.0\.0\.11 to 127\.0\.0\.16, port (\d+)\.`)[1]
	if err := v.wait(t); err != nil {
		t.Errorf("got %v, want a good end", err)
	}
	if processes := v.left(); len(processes) > 0 {
		t.Errorf("got processes %v, want none left", processes)
	}
	if files, err := os.ReadDir(v.temp); err != nil || len(files) > 0 {
		t.Errorf("got files %v, error %v, want none left", files, err)
	}
	if c, err := net.ListenPacket("udp", "127.0.0.1:"+v.port); err != nil {
		t.Errorf("the server's port is still taken: %v", err)
	} else {
		c.Close()
	}
	if c, err := net.Dial("tcp", "127.0.0.11:"+edge); err == nil {
		c.Close()
		t.Error("edge1 still answers")
	}
}

// A newcomer's first minute: the set is there, an edge is stopped and replaced, Ctrl-C leaves nothing behind.
func TestDemo(t *testing.T) {
	v := visit(t)
	// Which edges are the fastest is not asked: a busy machine changes that.
	live := strings.Fields(v.dig(t, "example.org", "A"))
	if len(live) != 3 {
		t.Fatalf("got %v live, want three edges", live)
	}
	if got := v.dig(t, "www.example.org", "A"); len(strings.Fields(got)) != 3 {
		t.Errorf("got %s at www, want three edges", got)
	}
	got := map[string]string{"MX": v.dig(t, "example.org", "MX"), "mail": v.dig(t, "mail.example.org", "A")}
	if diff := cmp.Diff(map[string]string{"MX": "10 mail.example.org.", "mail": "192.0.2.25"}, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	n := live[0][len(live[0])-1:] // edge1 is at 127.0.0.11, and so on
	if _, err := io.WriteString(v.keys, "x"+n+"\n"); err != nil {
		t.Fatal(err)
	}
	v.sees(t, `edge`+n+` left, edge\d entered, now .*\n +edge`+n+` left \(refused: .*\)\n +edge\d entered \(live: .*\)\n +example\.org A 127\.0\.0\.1\d 127\.0\.0\.1\d 127\.0\.0\.1\d\n`)
	eventually(t, patience, "the stopped edge is replaced", func() bool {
		now := strings.Fields(v.dig(t, "example.org", "A"))
		return len(now) == 3 && !slices.Contains(now, live[0])
	})
	corefile := v.sees(t, `edgemanage try (\S+/Corefile)`)[1]
	out, err := exec.Command(edgemanagePath, "try", corefile).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "ipv4: rung full, 3 live, 3 wanted") {
		t.Errorf("got %s, error %v, want a full set beside the server", out, err)
	}
	if err := syscall.Kill(-v.cmd.Process.Pid, syscall.SIGINT); err != nil { // the whole group, as a terminal does
		t.Fatal(err)
	}
	v.end(t)
}

// Every way to be asked to end is a good end.
func TestDemoEnds(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			v := visit(t)
			if err := v.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			v.end(t)
		})
	}
	t.Run("script", func(t *testing.T) {
		visit(t, "--script", "0s b2; 1s q").end(t)
	})
}

// A demo that is killed cannot tidy up, but its server does not go on alone.
func TestDemoKilled(t *testing.T) {
	v := visit(t)
	if len(v.left()) == 0 {
		t.Fatal("no server runs")
	}
	if err := v.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	v.wait(t)
	eventually(t, patience, "the server to die", func() bool { return len(v.left()) == 0 })
}

// A server that dies takes the demo with it, which says so and tidies up.
func TestDemoServerDies(t *testing.T) {
	v := visit(t)
	for _, cwd := range v.left() {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(cwd)))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.wait(t); v.cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("got %v, want exit status 1", err)
	}
	v.sees(t, `edgemanage: running ".*": it ended with signal: killed; its last words:\n`)
	if files, err := os.ReadDir(v.temp); err != nil || len(files) > 0 {
		t.Errorf("got files %v, error %v, want none left", files, err)
	}
}
