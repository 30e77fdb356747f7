package demo

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// deadline bounds every wait; it is far beyond what is waited for.
const deadline = 60 * time.Second

// screen is what a visitor sees.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
	news chan struct{} // has room for one: something was written since it was read
}

func newScreen() *screen { return &screen{news: make(chan struct{}, 1)} }

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.news <- struct{}{}:
	default:
	}
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until the pattern is to be seen after the text of offset, and returns the text up to its end.
func (s *screen) await(t *testing.T, offset int, pattern string) (end int) {
	t.Helper()
	re, late := regexp.MustCompile(pattern), time.After(deadline)
	for {
		if at := re.FindStringIndex(s.String()[offset:]); at != nil {
			return offset + at[1]
		}
		select {
		case <-s.news:
		case <-late:
			t.Fatalf("got %q, want %q in it", s.String()[offset:], pattern)
		}
	}
}

// freePort returns a loopback address that nobody listens on, neither UDP nor TCP.
func freePort(t *testing.T) string {
	t.Helper()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		if free(l.Addr().String(), "udp", "") == nil {
			return l.Addr().String()
		}
	}
}

// running is a demo that runs.
type running struct {
	*screen
	keys   *io.PipeWriter
	cancel context.CancelFunc
	ended  chan error
	temp   string // where temporary directories are made
}

// start runs a demo whose server is this test binary as the named child.
func start(t *testing.T, child string, o Options) *running {
	t.Helper()
	r := &running{screen: newScreen(), ended: make(chan error, 1), temp: t.TempDir()}
	t.Setenv("TMPDIR", r.temp)
	t.Setenv(childEnv, child)
	if o.DNS == "" {
		o.DNS = freePort(t)
	}
	t.Setenv(childEnv+"_DNS", o.DNS)
	if o.Coredns == "" {
		o.Coredns = os.Args[0]
	}
	ctx, cancel := context.WithCancel(t.Context())
	r.cancel = cancel
	in, keys := io.Pipe()
	r.keys = keys
	go func() { r.ended <- Run(ctx, o, in, r) }()
	t.Cleanup(func() {
		cancel()
		keys.Close()
	})
	return r
}

// end waits for the end of the demo, and looks for what it left behind.
func (r *running) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.ended:
		left, _ := filepath.Glob(filepath.Join(r.temp, "*"))
		if len(left) > 0 {
			t.Errorf("got %v left behind, want nothing", left)
		}
		return err
	case <-time.After(deadline):
		t.Fatalf("the demo has not ended; it wrote %q", r.String())
		return nil
	}
}

func (r *running) press(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(r.keys, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

func TestRun(t *testing.T) {
	r := start(t, "serves", Options{})
	// Which edges are the fastest is not asked: a busy machine changes that.
	at := r.await(t, 0, `edge\d edge\d edge\d entered, now edge\d edge\d edge\d\n`)
	at = r.await(t, at, `example.org A 127.0.0.1\d 127.0.0.1\d 127.0.0.1\d\n`)
	live := regexp.MustCompile(`edge(\d) edge\d edge\d entered`).FindStringSubmatch(r.String())[1]
	r.press(t, "x"+live)
	at = r.await(t, at, `you: edge`+live+`: stopped \(connections are refused\)\n`)
	at = r.await(t, at, `edge`+live+` left, edge\d entered, now .*\n +edge`+live+` left \(refused: .*\)\n +edge\d entered \(live: .*\)\n`)
	at = r.await(t, at, `example.org A 127.0.0.1\d 127.0.0.1\d 127.0.0.1\d\n`)
	r.press(t, "y1")
	at = r.await(t, at, `reading "y1": "y" is no command\nHere, a letter`)
	r.press(t, "")
	at = r.await(t, at, `  live  edge\d  127.0.0.1\d  \d+ms when healthy; it is healthy\n`)
	r.await(t, 0, `      edge`+live+`  127.0.0.1`+live+`  \d+ms when healthy; it is stopped \(connections are refused\)\n`)
	r.press(t, "o"+live)
	r.await(t, at, `you: edge`+live+`: healthy\n`)
	r.press(t, "q")
	if err := r.end(t); err != nil {
		t.Errorf("got error %v, want none", err)
	}
}

// TestIntroduction: what it says to type can be typed, wherever the directory is.
func TestIntroduction(t *testing.T) {
	var out bytes.Buffer
	introduce(&out, Options{DNS: "127.0.0.1:1053", Status: "127.0.0.1:9154"}, "/tmp/one's demo", startTest(t))
	for _, want := range []string{
		`  export EDGEMANAGE_CONTROL='/tmp/one'\''s demo/control.sock'` + "\n",
		" status  ", " mode edge1 unavailable --comment ", " explain edge1\n", " changes\n",
		"  http://127.0.0.1:9154/ ",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got %s\nwant %q in it", out.String(), want)
		}
	}
}

func TestRunUntilCancelled(t *testing.T) {
	r := start(t, "serves", Options{})
	r.keys.Close() // the demo goes on without a terminal
	r.await(t, 0, `example.org A 127`)
	r.cancel()
	if err := r.end(t); err != nil {
		t.Errorf("got error %v, want none", err)
	}
}

func TestRunScript(t *testing.T) {
	script, err := ParseScript("0s b2; 1ms s3; 2ms q")
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, "serves", Options{Script: script})
	if err := r.end(t); err != nil {
		t.Errorf("got error %v, want none", err)
	}
	r.await(t, 0, `(?s)example.org A 127.*you: edge2: broken \(a wrong body\)\n.*you: edge3: slow\n`)
}

// A directory that the visitor named stays, and a demo in it goes on from what the one before saved.
func TestRunTwiceInOneDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a demo")
	r := start(t, "serves", Options{Dir: dir})
	r.await(t, 0, `example.org A 127`)
	r.press(t, "q")
	if err := r.end(t); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "state", netName, "state.json")); err != nil {
		t.Error(err)
	}
	r = start(t, "serves", Options{Dir: dir})
	r.await(t, 0, `example.org A 127`)
	r.press(t, "q")
	if err := r.end(t); err != nil {
		t.Error(err)
	}
	if text := r.String(); strings.Contains(text, "edge1 edge2 edge3 entered") {
		t.Errorf("got %q, want nothing told of the demo before", text)
	}
}

func TestRunFaults(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "Corefile"), []byte(". {\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, child string
		options     Options
		want        string // a regular expression
	}{
		{"server dies", "dies", Options{}, `^running ".*": it ended with exit status 3; its last words:\n\[ERROR\] plugin/edgemanage: the end\n$`},
		{"no server", "", Options{Coredns: filepath.Join(other, "coredns")}, `^finding the server: stat .*/coredns: .*; build it with make build, or name it with --coredns$`},
		{"server is no program", "", Options{Coredns: filepath.Join(other, "Corefile")}, `^finding the server: ".*" is not a program; name one with --coredns$`},
		{"DNS port taken", "", Options{DNS: taken.Addr().String()}, `^listening on 127.0.0.1:\d+: port \d+ \(tcp\) is taken, maybe by another demo: end what holds it \(.*\), or choose another with --dns$`},
		{"DNS address bad", "", Options{DNS: "127.0.0.1"}, `^listening on 127.0.0.1 \(udp, --dns\): .*missing port`},
		{"metrics port taken", "", Options{Metrics: taken.Addr().String()}, `port \d+ \(tcp\) is taken, .* or choose another with --metrics$`},
		{"status port taken", "", Options{Status: taken.Addr().String()}, `port \d+ \(tcp\) is taken, .* or choose another with --status$`},
		{"foreign directory", "", Options{Dir: other}, `^making the demo's directory ".*": it holds other things: expected an empty directory, or that of an earlier demo$`},
		{"edge port impossible", "", Options{EdgePort: 70000}, `^starting edges: 70000 is no port: expected 1 to 65535 with --edge-port$`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := start(t, tt.child, tt.options)
			err := r.end(t)
			if err == nil || !regexp.MustCompile(tt.want).MatchString(err.Error()) {
				t.Errorf("got error %v, want %s", err, tt.want)
			}
		})
	}
	t.Run("pages left out", func(t *testing.T) {
		r := start(t, "serves", Options{
			Metrics: taken.Addr().String(), MetricsOptional: true, Status: taken.Addr().String(), StatusOptional: true,
		})
		r.await(t, 0, `example.org A 127`)
		r.press(t, "q")
		if err := r.end(t); err != nil || strings.Contains(r.String(), "/metrics\n") || strings.Contains(r.String(), "status page") {
			t.Errorf("got error %v and %q, want a demo without pages", err, r.String())
		}
	})
}

// A server that does not hear SIGTERM is killed.
func TestStopStubbornServer(t *testing.T) {
	t.Setenv(childEnv, "stubborn")
	screen := newScreen()
	s, err := startServer(os.Args[0], t.TempDir(), screen)
	if err != nil {
		t.Fatal(err)
	}
	screen.await(t, 0, `^server: \[ERROR\] deaf\n`)
	s.patience = time.Millisecond
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if got, want := s.err.Error(), "signal: killed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
