package control

import (
	"net/http"
	"sync"
)

// underway counts the requests that are being answered, for a server that wants to end as soon as there are none.
type underway struct {
	handler http.Handler

	mu    sync.Mutex
	count int
	last  bool          // no more are taken
	none  chan struct{} // closed when none is left and no more are taken
}

// ServeHTTP answers a request, and has it on its way to the client before it counts as answered.
func (u *underway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !u.begin() {
		fail(w, r, failf(CodeNotRunning, "the server is closing: nothing was done"))
		return
	}
	defer u.end()
	u.handler.ServeHTTP(w, r)
	http.NewResponseController(w).Flush() // fails when the client has gone
}

func (u *underway) begin() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.last {
		u.count++
	}
	return !u.last
}

func (u *underway) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.count--
	u.check()
}

// finish takes no more requests.
func (u *underway) finish() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.last {
		u.last = true
		u.check()
	}
}

func (u *underway) check() {
	if u.last && u.count == 0 {
		close(u.none)
	}
}
