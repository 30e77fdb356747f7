package hooks

import (
	"crypto/hmac"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// server is a receiver with a socket.
type server struct {
	*httptest.Server
	mu   sync.Mutex
	got  []*http.Request
	body [][]byte
}

func newServer(t *testing.T, tls bool, answer http.HandlerFunc) *server {
	s := &server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		s.mu.Lock()
		s.got, s.body = append(s.got, q), append(s.body, body)
		s.mu.Unlock()
		answer(w, q)
	}))
	s.Config.ErrorLog = stdlog.New(io.Discard, "", 0) // handshakes that are to fail
	if tls {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

func (s *server) requests() ([]*http.Request, [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got, s.body
}

// post posts an event once to a URL, with a transport of the package's own, and returns the report and the Hooks.
func post(t *testing.T, w config.Webhook) Report {
	t.Helper()
	l := newLog()
	h := New(Options{Observe: l.hear})
	h.Configure(nil, []config.Webhook{w})
	h.Enqueue(change("x"))
	l.await(t, 1)
	r := l.take()[0]
	h.Configure(nil, nil) // no other try
	h.Close()
	return r
}

// A receiver that knows the secret can tell what is ours, and when it was sent.
func TestPost(t *testing.T) {
	secret := []byte("correct horse\nbattery")
	s := newServer(t, false, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	w := hook(s.URL + "/services/T0?key=a%20b")
	w.Secret = secret
	r := post(t, w)
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	got, bodies := s.requests()
	if len(got) != 1 {
		t.Fatalf("got %d requests, want 1", len(got))
	}
	q, body := got[0], bodies[0]
	seconds, err := strconv.ParseInt(q.Header.Get("X-Edgemanage-Timestamp"), 10, 64)
	if off := time.Since(time.Unix(seconds, 0)).Abs(); err != nil || off > time.Hour {
		t.Errorf("timestamp: got %v from now, %v", off, err)
	}
	want := Sign(secret, q.Header.Get("X-Edgemanage-Timestamp"), body)
	if !hmac.Equal([]byte(q.Header.Get("X-Edgemanage-Signature")), []byte(want)) {
		t.Errorf("signature: got %s, want %s", q.Header.Get("X-Edgemanage-Signature"), want)
	}
	head := []string{q.Method, q.RequestURI, q.Header.Get("Content-Type"), q.Header.Get("X-Edgemanage-Event"), q.Header.Get("X-Edgemanage-Delivery")}
	if diff := cmp.Diff([]string{"POST", "/services/T0?key=a%20b", "application/json", "change", r.ID}, head); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if e := decode(t, body); e.ID != r.ID || e.Version != 1 {
		t.Errorf("body: got %s, want event %s", body, r.ID)
	}
}

// Without a secret nothing looks like a signature.
func TestPostUnsigned(t *testing.T) {
	s := newServer(t, false, func(http.ResponseWriter, *http.Request) {})
	if r := post(t, hook(s.URL)); r.Err != nil {
		t.Fatal(r.Err)
	}
	if got, _ := s.requests(); got[0].Header.Get(SignatureHeader) != "" {
		t.Errorf("got the signature %s", got[0].Header.Get(SignatureHeader))
	}
}

// What the reports of failures show of a URL is scheme and host, whatever failed.
func TestPostFails(t *testing.T) {
	elsewhere := newServer(t, false, func(http.ResponseWriter, *http.Request) {})
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused.Close()
	answer := func(f http.HandlerFunc) string { return newServer(t, false, f).URL }
	tests := []struct {
		name string
		url  string
		want string
		lost bool
	}{
		{"nobody listens", "http://" + refused.Addr().String(), "connection refused", false},
		{"a certificate of nobody's", newServer(t, true, func(http.ResponseWriter, *http.Request) {}).URL, "certificate", false},
		{"HTTP where TLS is wanted", strings.Replace(elsewhere.URL, "http:", "https:", 1), "HTTP", false},
		{"a redirect", answer(func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, elsewhere.URL, http.StatusTemporaryRedirect)
		}), "redirects are not followed", true},
		{"a status", answer(func(w http.ResponseWriter, q *http.Request) {
			http.Error(w, "Cannot POST "+q.RequestURI, http.StatusNotFound)
		}), "404 Not Found", true},
		{"a line cut off", answer(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), "EOF", false},
		{"a word in place of an answer", answer(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			fmt.Fprint(conn, "HTTP/1.1 t0ken-of-ours\r\n\r\n")
			conn.Close()
		}), "not shown", false},
		{"a line in place of an answer", answer(func(w http.ResponseWriter, q *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			fmt.Fprintf(conn, "%s\r\n\r\n", q.RequestURI)
			conn.Close()
		}), "not shown", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, _ := elsewhere.requests()
			r := post(t, hook(tt.url+"/t0ken-of-ours?key=s3cret"))
			if r.Err == nil || !strings.Contains(r.Err.Error(), tt.want) || r.Lost != tt.lost {
				t.Errorf("got %v, lost %v, want %s", r.Err, r.Lost, tt.want)
			}
			if text := fmt.Sprintf("%+v %#v", r, r.Err); strings.Contains(text, "t0ken") || strings.Contains(text, "s3cret") {
				t.Errorf("%s: the URL is shown", text)
			}
			if r.Target != tt.url {
				t.Errorf("got the target %s, want %s", r.Target, tt.url)
			}
			if after, _ := elsewhere.requests(); len(after) != len(before) {
				t.Error("the redirect was followed")
			}
		})
	}
}

// A body that never ends is not waited for: that it was taken is in the status.
func TestPostEndlessAnswer(t *testing.T) {
	stop := make(chan struct{})
	s := newServer(t, false, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(slices.Repeat([]byte("x"), maxAnswer)); err != nil {
				return
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	defer close(stop)
	if r := post(t, hook(s.URL)); r.Err != nil {
		t.Error(r.Err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC)
	for _, tt := range []struct {
		value string
		want  time.Duration
	}{
		{"", 0}, {"0", 0}, {"7", 7 * time.Second}, {"300", maxAfter}, {"301", maxAfter},
		{"18446744073709551615", maxAfter}, {"99999999999999999999", 0}, {"-5", 0}, {"soon", 0}, {"1.5", 0},
		{"Sun, 01 Mar 2026 02:04:04 GMT", time.Minute}, {"Sun, 01 Mar 2026 02:00:00 GMT", 0}, {"Mon, 02 Mar 2026 02:00:00 GMT", maxAfter},
	} {
		t.Run(tt.value, func(t *testing.T) {
			if got := retryAfter(tt.value, now); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// No receiver makes us wait longer than the bound, or not at all backwards.
func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{"", "7", "-1", "99999999999999999999", "Sun, 01 Mar 2026 02:04:04 GMT", "Sunday, 01-Mar-26 02:04:04 GMT", "Sun Mar  1 02:04:04 2026"} {
		f.Add(value)
	}
	now := time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		if got := retryAfter(value, now); got < 0 || got > maxAfter {
			t.Errorf("%q: got %v", value, got)
		}
	})
}
