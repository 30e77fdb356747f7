package page

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A stage is where a test puts the site that the page shows. It may be changed while a browser looks.
type stage struct {
	mu   sync.Mutex
	site site
	err  error
	now  time.Time // zero: whatever the site says, so that each look reads it anew
}

func (s *stage) read(context.Context) (site, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.site, s.err
}

func (s *stage) set(change func(*site)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.site)
}

func (s *stage) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now.IsZero() {
		return s.site.at.Add(fresh)
	}
	return s.now
}

// handler returns the handler of a page that shows what is on the stage, at localhost:9154.
func (s *stage) handler() *handler {
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "api", r.URL.Path) })
	return newHandler("status.example.net:9154", api, s.read, s.clock)
}
