package page

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// A stuck reader takes nothing of its answer until the end.
type stuck struct {
	*httptest.ResponseRecorder
	holds chan struct{} // told when there is an answer for it, and no refusal
	end   chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) {
	if s.Code == http.StatusOK {
		s.holds <- struct{}{}
	}
	<-s.end
	return s.ResponseRecorder.Write(p)
}

// Two hundred clients asked the API for samples and read nothing: answers filled the memory. Few of them are made now, and
// who looks at the page waits for none.
func TestStuckReaders(t *testing.T) {
	const crowd, few = 50, 4
	h := New(source{start(t, "east")}, "localhost:9154")
	holds, end := make(chan struct{}, crowd), make(chan struct{})
	var readers sync.WaitGroup
	for range crowd {
		readers.Go(func() {
			r := httptest.NewRequest("GET", "/v1/recent?limit=200", nil)
			r.Host = "localhost:9154"
			h.ServeHTTP(&stuck{httptest.NewRecorder(), holds, end}, r)
		})
	}
	for range few {
		<-holds
	}
	for _, path := range []string{"/", "/healthz", "/v1/networks"} {
		if w := request(h, "GET", path); w.Code != http.StatusOK {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
	if more := len(holds); more > 0 {
		t.Errorf("%d answers are held, want %d", few+more, few)
	}
	close(end)
	readers.Wait()
}
