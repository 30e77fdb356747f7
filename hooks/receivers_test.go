package hooks

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

var errFake = errors.New("fake failure")

// manner is how a receiver treats what is posted.
type manner struct {
	status int // 0 is no answer
	after  time.Duration
	retry  string // Retry-After
}

var (
	taking   = manner{status: 204, after: 10 * time.Millisecond}
	refusing = manner{status: 400}
	failing  = manner{status: 500}
	closed   = manner{}
	hanging  = manner{status: 200, after: time.Hour}
)

// posting is what a receiver got.
type posting struct {
	At    time.Duration
	Text  string
	body  []byte
	heads http.Header
}

// receivers are webhooks that need no socket, for bubbles of synctest, by host.
type receivers struct {
	t       *testing.T
	mu      sync.Mutex
	start   time.Time
	manners map[string]manner
	got     map[string][]posting
	busy    map[string]bool
}

func (r *receivers) RoundTrip(q *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	host := q.URL.Host
	m := r.manners[host]
	r.got[host] = append(r.got[host], posting{time.Since(r.start), decode(r.t, body).Text, body, q.Header})
	if r.busy[host] {
		r.t.Errorf("two are posted to %s at a time", host)
	}
	r.busy[host] = true
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.busy, host)
	}()
	wait := time.NewTimer(m.after)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-q.Context().Done():
		return nil, q.Context().Err()
	}
	if m.status == 0 {
		return nil, errFake
	}
	answer := &http.Response{StatusCode: m.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: q}
	if m.retry != "" {
		answer.Header.Set("Retry-After", m.retry)
	}
	return answer, nil
}

// becomes changes how a receiver treats what is posted from now on.
func (r *receivers) becomes(host string, m manner) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.manners[host] = m
}

// take returns what a receiver got since the last time.
func (r *receivers) take(host string) []posting {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got[host]
	delete(r.got, host)
	return got
}

// posts is a site of webhooks in a bubble: those of the hosts a, b and so on, one for each manner.
type posts struct {
	*Hooks
	*receivers
	*log
	hooks []config.Webhook
}

func newPosts(t *testing.T, manners ...manner) *posts {
	s := &posts{log: newLog(), receivers: &receivers{
		t: t, start: time.Now(), manners: map[string]manner{}, got: map[string][]posting{}, busy: map[string]bool{},
	}}
	s.Hooks = New(Options{Observe: s.hear, Transport: s.receivers})
	for i, m := range manners {
		host := string(rune('a' + i))
		s.manners[host] = m
		s.hooks = append(s.hooks, hook("https://"+host+"/t0ken?key=s3cret"))
	}
	s.Configure(nil, s.hooks)
	return s
}

// tally counts reports by kind.
type tally struct{ Taken, Failed, Lost, Dropped int }

func count(reports []Report) (c tally) {
	for _, r := range reports {
		switch {
		case r.Dropped:
			c.Dropped++
		case r.Lost:
			c.Lost++
		case r.Err != nil:
			c.Failed++
		default:
			c.Taken++
		}
	}
	return c
}

func at(got []posting) (times []time.Duration) {
	for _, p := range got {
		times = append(times, p.At.Truncate(time.Second))
	}
	return times
}

func texts(got []posting) (texts []string) {
	for _, p := range got {
		texts = append(texts, p.Text)
	}
	return texts
}
