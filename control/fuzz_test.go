package control

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// lastOrder is the last change that somebody made. Modes that run out meanwhile are nobody's.
func lastOrder(n *network.Network) Change {
	for _, c := range ChangesOf(maxChangesAsked, time.Time{}, n) {
		if c.Author != "" {
			return c
		}
	}
	return Change{}
}

// Whatever is asked, the answer is JSON: what was asked for, or a failure with a known code; and a GET changes nothing.
func FuzzRequest(f *testing.F) {
	for path := range reads {
		f.Add("GET", path, "", "")
		f.Add("HEAD", path, "network=net", "")
	}
	for _, query := range []string{"edge=a*", "edge=[", "limit=1&since=1h", "live=true&family=ipv4&grade=fail&mode=force", "a=%zz", "edge=a&edge=b", ";"} {
		for path := range reads {
			f.Add("GET", path, query, "")
		}
	}
	for _, body := range []string{
		anyChange, `{"edge":"*","mode":"unavailable","comment":"c","preview":true}`, `{"edge":"b.example.net","mode":"blindforce","comment":"c","for":"1ns"}`,
		`{"comment":"c","for":"1h"}`, `{}`, `null`, `[{}]`, `{"edge":1}`, `{"mode":"force","mode":"force"}`, "\xff", `{"claimed":"\u202e"}`,
	} {
		for path := range changes {
			f.Add("POST", path, "", body)
			f.Add("GET", path, "", body)
		}
	}
	n := site(f)
	h := whole(n)
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		before := lastOrder(n)
		r := httptest.NewRequest("GET", "/", strings.NewReader(body))
		r = r.WithContext(withPeer(r.Context(), 0))
		r.Method, r.URL.Path, r.URL.RawQuery = method, path, query
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		answer, err := io.ReadAll(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case method == http.MethodHead:
			if len(answer) > 0 {
				t.Errorf("got %q for a HEAD", answer)
			}
		case !json.Valid(answer) || !utf8.Valid(answer):
			t.Errorf("got %q, which is no JSON", answer)
		case w.Code != http.StatusOK:
			var failure Failure
			if err := json.Unmarshal(answer, &failure); err != nil || statuses[failure.Error.Code] != w.Code || failure.Error.Message == "" {
				t.Errorf("got status %d with %s", w.Code, answer)
			}
			if failure.Error.Code == CodeInternal {
				t.Errorf("got a fault of our own: %s", failure.Error.Message)
			}
		}
		if diff := cmp.Diff(before, lastOrder(n)); method != http.MethodPost && diff != "" {
			t.Errorf("%s %s changed something (-before +after):\n%s", method, path, diff)
		}
	})
}
