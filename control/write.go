package control

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// An answer is written in pieces, and who takes less than one in stallTime is given up: what is held for it is wanted by
// others.
const (
	pieceSize = 64 << 10 // bytes
	stallTime = 5 * time.Second
)

// fail answers a request with why it is refused.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	f := failureOf(err)
	f.header(w.Header())
	body, err := encode(Failure{Error: f.body})
	if err != nil {
		body = []byte("{}\n") // two strings can always be encoded
	}
	write(w, r, f.status, body, time.Now().Add(stallTime))
}

// write writes an answer, and is over by the time given, whatever the client does.
func write(w http.ResponseWriter, r *http.Request, status int, body []byte, until time.Time) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	connection := http.NewResponseController(w)
	for piece := range slices.Chunk(body, pieceSize) {
		deadline := time.Now().Add(stallTime)
		if until.Before(deadline) {
			deadline = until
		}
		connection.SetWriteDeadline(deadline) // fails for what is no connection
		if _, err := w.Write(piece); err != nil {
			return // a client that has gone is no trouble
		}
	}
}
