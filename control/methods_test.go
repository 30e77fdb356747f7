package control

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "post", "get"}

// paths are all paths of the API, and some that are none.
func paths() []string {
	known := slices.Concat(slices.Sorted(maps.Keys(reads)), slices.Sorted(maps.Keys(changes)))
	return append(known, "/", "*", "", "/v1", "/v1/", "/v1/mode/", "/v1//mode", "//v1/mode", "/v1/%6dode", "/v2/mode", "/v1/MODE")
}

// standing is what no read may change.
func standing(n *network.Network) string {
	d := EdgesOf(n)
	modes := []any{n.Status().Modes, n.Status().Freeze, n.Status().Serial, d.Families[0].Live, len(n.Changes(1000))}
	return fmt.Sprintf("%+v", modes)
}

const anyChange = `{"edge":"a.example.net","mode":"unavailable","comment":"c"}`

// Nothing that is asked of the handler for the status page changes anything, and all but GET and HEAD is refused.
func TestReadOnly(t *testing.T) {
	n := site(t)
	before := standing(n)
	h := ReadOnly(source{n})
	for _, method := range methods {
		for _, path := range paths() {
			for _, body := range []string{"", anyChange, `{"comment":"c"}`} {
				res, code := ask(h, method, path, body)
				if isRead := method == "GET" || method == "HEAD"; isRead {
					if _, known := reads[path]; !known && res.StatusCode != http.StatusNotFound {
						t.Errorf("%s %s: got status %d, want 404", method, path, res.StatusCode)
					}
					continue
				}
				if code != CodeMethodNotAllowed || res.Header.Get("Allow") != readMethods {
					t.Errorf("%s %s: got %s, allowed %q, want %s", method, path, code, res.Header.Get("Allow"), CodeMethodNotAllowed)
				}
			}
		}
	}
	if diff := cmp.Diff(before, standing(n)); diff != "" {
		t.Errorf("something changed (-before +after):\n%s", diff)
	}
}

// On the socket, too, each path has its methods, and only POST changes anything.
func TestMethods(t *testing.T) {
	n := site(t)
	before := standing(n)
	h := whole(n)
	for _, method := range methods {
		for _, path := range paths() {
			_, isRead := reads[path]
			_, isChange := changes[path]
			if isChange && method == "POST" {
				continue
			}
			res, code := ask(h, method, path, anyChange)
			want, allow := http.StatusNotFound, ""
			switch {
			case isRead && (method == "GET" || method == "HEAD"):
				continue // what they answer is for others
			case isRead:
				want, allow = http.StatusMethodNotAllowed, readMethods
			case isChange:
				want, allow = http.StatusMethodNotAllowed, changeMethod
			}
			if res.StatusCode != want || res.Header.Get("Allow") != allow {
				t.Errorf("%s %s: got status %d (%s), allowed %q, want %d, %q", method, path, res.StatusCode, code, res.Header.Get("Allow"), want, allow)
			}
		}
	}
	if diff := cmp.Diff(before, standing(n)); diff != "" {
		t.Errorf("something changed (-before +after):\n%s", diff)
	}
}

// A trace takes hundreds of megabytes while it is made: it is for those who may use the socket.
func TestNoTraceForAnybody(t *testing.T) {
	n := site(t)
	for name, tt := range map[string]struct {
		handler http.Handler
		want    string
	}{
		"the socket": {whole(n), "ok"}, "a TCP address": {ReadOnly(source{n}), CodeNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			if _, code := ask(tt.handler, "GET", "/v1/trace?family=ipv4", ""); code != tt.want {
				t.Errorf("got %s, want %s", code, tt.want)
			}
		})
	}
}
