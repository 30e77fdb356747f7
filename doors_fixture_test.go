package edgemanage

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// site is a Corefile of networks a and b whose doors a test chooses.
type site struct {
	corefile
	a, b string // lines in the bodies
}

// newSite has edges that answer, and nothing that changes while a test looks.
func newSite(t *testing.T) *site {
	t.Helper()
	dir, err := os.MkdirTemp("", "edgemanage") // short: the path of a socket is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return &site{corefile: corefile{farm: newFarm(t, 2), generation: 1, networks: "ab", state: filepath.Join(dir, "state"), interval: time.Minute}}
}

func (s *site) String() string {
	text := s.corefile.String()
	for name, lines := range map[string]string{"a": s.a, "b": s.b} {
		text = strings.Replace(text, "edgemanage "+name+" "+name+".example.org {\n", "edgemanage "+name+" "+name+".example.org {\n"+lines+"\n", 1)
	}
	return text
}

// path is that of a file beside the state.
func (s *site) path(name string) string { return filepath.Join(filepath.Dir(s.state), name) }

// line is the number of the line in the Corefile that begins so, from 1.
func (s *site) line(beginning string) int {
	for i, line := range strings.Split(s.String(), "\n") {
		if strings.HasPrefix(line, beginning) {
			return i + 1
		}
	}
	return 0
}

// dial connects to a door: a path, or an address.
func dial(t testing.TB, at string) net.Conn {
	t.Helper()
	c, err := tryDial(at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func tryDial(at string) (net.Conn, error) {
	kind := "tcp"
	if strings.HasPrefix(at, "/") {
		kind = "unix"
	}
	return net.DialTimeout(kind, at, patience)
}

// send sends a request on a connection and reads the answer whole.
func send(t testing.TB, c net.Conn, method, url, body string) (status int, text []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://localhost"+url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	c.SetDeadline(time.Now().Add(patience))
	if err := r.Write(c); err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return answer.StatusCode, text
}

// shown are the names of the networks that a connection is shown.
func shown(t testing.TB, c net.Conn) string {
	t.Helper()
	status, text := send(t, c, http.MethodGet, "/v1/networks", "")
	var got control.Networks
	if err := json.Unmarshal(text, &got); err != nil || status != http.StatusOK {
		t.Fatalf("got status %d, %s, error %v", status, text, err)
	}
	var names []string
	for _, n := range got.Networks {
		names = append(names, n.Network)
	}
	return strings.Join(names, " ")
}

// seen is what a new visitor of each place is shown, "closed" when nobody answers there.
func seen(t testing.TB, places ...string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, at := range places {
		c, err := tryDial(at)
		if err != nil {
			all[at] = "closed"
			continue
		}
		all[at] = shown(t, c)
		c.Close()
	}
	return all
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// retryEvery has sockets that could not be made tried again soon.
func retryEvery(t testing.TB, d time.Duration) {
	t.Helper()
	before := ourDoors.again
	ourDoors.again = d
	t.Cleanup(func() { ourDoors.again = before })
}
