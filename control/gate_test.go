package control

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// answering returns an API of one path for each size, whose answers are made by answer.
func answering(answer func() (any, error)) *api {
	e := func(s size) endpoint {
		return endpoint{answer: func(context.Context, *request) (any, error) { return answer() }, size: s}
	}
	a := newAPI(source(nil))
	a.huge = newGate(1, "another trace is being written") // the process's own is not of the test's bubble
	a.reads = map[string]endpoint{"/small": e(small), "/large": e(large), "/huge": e(huge)}
	return a
}

// A reader takes an answer when it is let, as a client does that stopped in the middle.
type reader struct {
	*httptest.ResponseRecorder
	reads chan struct{}
}

func (r *reader) Write(p []byte) (int, error) {
	<-r.reads
	return r.ResponseRecorder.Write(p)
}

// Two hundred clients asked for all samples and read nothing: each answer was made whole, and stayed in memory until its
// client had gone. Now the next waits until one is written.
func TestLargeAnswersAreHeldFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made := 0
		a := answering(func() (any, error) { made++; return document("answer"), nil })
		reads := make(chan struct{})
		var reading sync.WaitGroup
		for range largeAnswers {
			reading.Go(func() {
				w := &reader{httptest.NewRecorder(), reads}
				a.ServeHTTP(w, httptest.NewRequest("GET", "/large", nil))
				if w.Code != http.StatusOK || w.Body.String() != "answer" {
					t.Errorf("got status %d and %q", w.Code, w.Body)
				}
			})
			synctest.Wait()
		}
		begun := time.Now()
		res, code := ask(a, "GET", "/large", "")
		if waited := time.Since(begun); code != CodeBusy || res.Header.Get("Retry-After") == "" || waited != gateTime {
			t.Errorf("got %s after %s, Retry-After %q, want %s after %s", code, waited, res.Header.Get("Retry-After"), CodeBusy, gateTime)
		}
		if made != largeAnswers {
			t.Errorf("%d answers were made, want %d", made, largeAnswers)
		}
		for _, path := range []string{"/small", "/huge"} {
			if _, code := ask(a, "GET", path, ""); code != "ok" {
				t.Errorf("%s waits for large answers: %s", path, code)
			}
		}
		close(reads)
		reading.Wait()
		if _, code := ask(a, "GET", "/large", ""); code != "ok" {
			t.Errorf("got %s when all had read", code)
		}
	})
}

// A trace takes hundreds of megabytes, and who had one left the next begin before it was written.
func TestTracesAreHeldOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, another := answering(func() (any, error) { return document("trace"), nil }), answering(func() (any, error) { return document("trace"), nil })
		another.huge = a.huge
		w := &reader{httptest.NewRecorder(), make(chan struct{})}
		var reading sync.WaitGroup
		reading.Go(func() { a.ServeHTTP(w, httptest.NewRequest("GET", "/huge", nil)) })
		synctest.Wait()
		if _, code := ask(another, "GET", "/huge", ""); code != CodeBusy {
			t.Errorf("got %s, want %s", code, CodeBusy)
		}
		close(w.reads)
		reading.Wait()
	})
}

// However many look at the status address, queries have a processor left.
func TestOneIsMadeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		making, most := 0, 0
		a := answering(func() (any, error) {
			making++ // without a lock: the race detector sees two
			most = max(most, making)
			<-time.After(time.Second)
			making--
			return nil, nil
		})
		a.making = newGate(1, "others are answered")
		codes := make(chan string, 20)
		for range cap(codes) {
			go func() {
				_, code := ask(a, "GET", "/small", "")
				codes <- code
			}()
		}
		got := map[string]int{}
		for range cap(codes) {
			got[<-codes]++
		}
		if most != 1 || got["ok"] < 6 || got[CodeBusy] == 0 || got["ok"]+got[CodeBusy] != cap(codes) {
			t.Errorf("%d were made at a time, and the answers are %v", most, got)
		}
	})
}

// pipes is a listener of connections that hold nothing between their ends, so that a client that does not read is felt at
// once.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }

// Who stops reading is given up soon, for others wait for the room; who is slow is not.
func TestSlowReaders(t *testing.T) {
	body := document(strings.Repeat("x", 6*pieceSize))
	tests := []struct {
		name  string
		pause time.Duration // before each piece
		whole bool
		most  time.Duration
	}{
		{"quick", 0, true, 0},
		{"slow", 2 * time.Second, true, writeTime},
		{"stopped", time.Hour, false, stallTime},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := answering(func() (any, error) { return body, nil })
				took := make(chan time.Duration, 1)
				server := &http.Server{WriteTimeout: writeTime, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					begun := time.Now()
					a.ServeHTTP(w, r)
					took <- time.Since(begun)
				})}
				l := make(pipes, 1)
				served := make(chan error, 1)
				go func() { served <- server.Serve(l) }()
				here, there := net.Pipe()
				l <- there
				if _, err := io.WriteString(here, "GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				got, piece := 0, make([]byte, pieceSize)
				for {
					<-time.After(tt.pause)
					n, err := io.ReadFull(here, piece)
					got += n
					if err != nil {
						break
					}
				}
				here.Close()
				if whole := got > len(body); whole != tt.whole {
					t.Errorf("got %d bytes, want all %d: %t", got, len(body), tt.whole)
				}
				if held := <-took; held > tt.most {
					t.Errorf("the answer was held for %s, want at most %s", held, tt.most)
				}
				close(l)
				<-served
				server.Close()
			})
		})
	}
}
