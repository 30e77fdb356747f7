package hooks

import (
	"bytes"
	"encoding/json"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// log keeps reports, and tells of each that arrives.
type log struct {
	mu      sync.Mutex
	reports []Report
	arrived chan struct{} // never full
}

func newLog() *log { return &log{arrived: make(chan struct{}, 10_000)} }

func (l *log) hear(r Report) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reports = append(l.reports, r)
	l.arrived <- struct{}{}
}

// take returns the reports since the last time.
func (l *log) take() []Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	reports := l.reports
	l.reports = nil
	return reports
}

// await waits for n reports more than have been awaited.
func (l *log) await(t *testing.T, n int) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for range n {
		select {
		case <-l.arrived:
		case <-deadline:
			t.Fatalf("no %d reports in time, but %+v", n, l.take())
		}
	}
}

// change is an event that everybody gets who gets changes. Its text tells it from others.
func change(text string) Event {
	return Event{Event: Changed, Network: "net", Text: text, At: time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC)}
}

// decode reads the JSON of an event, strictly.
func decode(t *testing.T, body []byte) (e Event) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		t.Errorf("reading an event: %v", err)
	}
	return e
}

func hook(rawURL string, secret ...byte) config.Webhook {
	u, err := url.Parse(rawURL)
	if err != nil {
		panic(err)
	}
	return config.Webhook{URL: u, Secret: secret}
}

// bubble runs the test under a clock of its own.
func bubble(t *testing.T, test func(*testing.T)) { t.Helper(); synctest.Test(t, test) }

// pass lets time pass, and what is due then happen.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
