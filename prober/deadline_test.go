package prober

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// probePiped probes, in a bubble of fake time, an edge at the other end of a pipe, and waits for the edge to notice.
func probePiped(ctx context.Context, p *Prober, edge func(net.Conn)) Result {
	var wg sync.WaitGroup
	defer wg.Wait()
	p.dial = func(context.Context, string, netip.Addr, netip.AddrPort) (net.Conn, error) {
		near, far := net.Pipe()
		wg.Go(func() {
			defer far.Close()
			edge(far)
		})
		return near, nil
	}
	return p.Probe(ctx, loopback)
}

// hang keeps the connection open, silent, until the client closes it.
func hang(conn net.Conn) { io.Copy(io.Discard, conn) }

// trickle sends s a byte at a time, none of them on a whole second, where deadlines are.
func trickle(conn net.Conn, s string) {
	ticker := time.NewTicker(1500 * time.Millisecond)
	defer ticker.Stop()
	for i := range len(s) {
		<-ticker.C
		if _, err := io.WriteString(conn, s[i:i+1]); err != nil {
			return
		}
	}
}

// Each way to be slow takes the timeout, neither more nor less, and is told apart by the phase it spent it in.
func TestDeadline(t *testing.T) {
	const timeout = 20 * time.Second
	object := plain("200 OK", objectBody)
	head, body, _ := strings.Cut(object, "\r\n\r\n")
	head += "\r\n\r\n"
	for _, tc := range []struct {
		name, scheme string
		edge         func(net.Conn)
		err          string
	}{
		{name: "nothing", edge: hang, err: "waiting for the answer: timeout of 20s passed"},
		{name: "request not read", edge: func(conn net.Conn) {
			io.ReadFull(conn, make([]byte, 10))
			io.WriteString(conn, "x") // until the client closes: it does not read yet
		}, err: "sending request: timeout of 20s passed"},
		{name: "no TLS handshake", scheme: "https", edge: hang,
			err: `handshaking as "www.example.net": timeout of 20s passed`},
		{name: "trickling TLS handshake", scheme: "https", edge: func(conn net.Conn) {
			go hang(conn)
			trickle(conn, "\x16\x03\x03\x10\x00"+strings.Repeat("x", 100))
		}, err: `handshaking as "www.example.net": timeout of 20s passed`},
		{name: "trickling header", edge: func(conn net.Conn) {
			readRequest(conn)
			trickle(conn, object)
		}, err: "reading header: timeout of 20s passed"},
		{name: "endless lines of header", edge: func(conn net.Conn) {
			readRequest(conn)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
			trickle(conn, strings.Repeat("X: y\r\n", 100))
		}, err: "reading header: timeout of 20s passed"},
		{name: "trickling body", edge: func(conn net.Conn) {
			readRequest(conn)
			io.WriteString(conn, head)
			trickle(conn, body)
		}, err: "reading body: after 13 bytes: timeout of 20s passed"},
		{name: "last byte missing", edge: func(conn net.Conn) {
			readRequest(conn)
			io.WriteString(conn, object[:len(object)-1])
			hang(conn)
		}, err: "reading body: after 22 bytes: timeout of 20s passed"},
		{name: "end missing", edge: func(conn net.Conn) {
			readRequest(conn)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n17\r\n"+objectBody+"\r\n")
			hang(conn)
		}, err: "reading body: after 23 bytes: timeout of 20s passed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				scheme := tc.scheme
				if scheme == "" {
					scheme = "http"
				}
				p := New(Options{URL: mustURL(scheme + "://www.example.net/"), Timeout: timeout, Retry: 3})
				p.Expect(expectBody(objectBody))
				got := probePiped(t.Context(), p, tc.edge)
				checkResult(t, got, Timeout, tc.err)
				if got.Took != timeout || got.Attempts != 1 {
					t.Errorf("took %v in %d attempts, expected %v in one", got.Took, got.Attempts, timeout)
				}
				if !errors.Is(got.Err, context.DeadlineExceeded) {
					t.Errorf("%v is no context.DeadlineExceeded", got.Err)
				}
				if sum := got.Phases.Connect + got.Phases.TLS + got.Phases.FirstByte + got.Phases.Body; sum != timeout {
					t.Errorf("phases %+v add up to %v, expected %v", got.Phases, sum, timeout)
				}
			})
		})
	}
}

// wait blocks for d of the bubble's time.
func wait(d time.Duration) { <-time.After(d) }

func TestSlowButInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{URL: mustURL("http://www.example.net/"), Timeout: 10 * time.Second})
		got := probePiped(t.Context(), p, func(conn net.Conn) {
			readRequest(conn)
			wait(2 * time.Second)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
			wait(3 * time.Second)
			io.WriteString(conn, "\r\nhello")
		})
		checkResult(t, got, OK, "")
		if want := (Phases{FirstByte: 2 * time.Second, Body: 3 * time.Second}); got.Phases != want || got.Took != 5*time.Second {
			t.Errorf("phases %+v of %v, expected %+v", got.Phases, got.Took, want)
		}
	})
}

// An answer that is complete only as the deadline passes is too late.
func TestCompleteAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{URL: mustURL("http://www.example.net/"), Timeout: 10 * time.Second})
		got := probePiped(t.Context(), p, func(conn net.Conn) {
			readRequest(conn)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\nhello")
			wait(10 * time.Second)
		})
		if got.Outcome != Timeout || got.Took != 10*time.Second {
			t.Errorf("outcome is %v after %v, expected timeout", got.Outcome, got.Took)
		}
	})
}

func TestDialDeadline(t *testing.T) {
	filtered := func(ctx context.Context, _ string, _ netip.Addr, _ netip.AddrPort) (net.Conn, error) {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Err: ctx.Err()}
	}
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{URL: mustURL("http://www.example.net/"), Timeout: 7 * time.Second, Retry: 3})
		p.dial = filtered
		got := p.Probe(t.Context(), loopback)
		checkResult(t, got, Timeout, "connecting to 127.0.0.1:80: timeout of 7s passed")
		if got.Took != 7*time.Second || got.Attempts != 1 {
			t.Errorf("took %v in %d attempts, expected 7s in one", got.Took, got.Attempts)
		}
	})
}

// A probe that its caller ends is no sample, and ends at once, whatever it was doing; goleak watches that nothing
// stays behind.
func TestCancelled(t *testing.T) {
	cancel := func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		stop := time.AfterFunc(time.Second, cancel)
		return ctx, func() { stop.Stop(); cancel() }
	}
	earlier := func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, time.Second)
	}
	for _, end := range []struct {
		name string
		with func(context.Context) (context.Context, context.CancelFunc)
	}{{"by cancelling", cancel}, {"by an earlier deadline", earlier}} {
		for _, tc := range []struct {
			name, scheme string
			edge         func(net.Conn)
		}{
			{name: "handshake", scheme: "https", edge: hang},
			{name: "answer", scheme: "http", edge: hang},
			{name: "body", scheme: "http", edge: func(conn net.Conn) {
				readRequest(conn)
				io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\nhel")
				hang(conn)
			}},
		} {
			t.Run(end.name+"/"+tc.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, stop := end.with(t.Context())
					defer stop()
					p := New(Options{URL: mustURL(tc.scheme + "://www.example.net/"), Timeout: 10 * time.Second})
					start := time.Now()
					got := probePiped(ctx, p, tc.edge)
					if !got.Cancelled || got.Outcome == OK || got.Err == nil {
						t.Errorf("result is %+v, expected it to be cancelled", got)
					}
					if took := time.Since(start); took > time.Second {
						t.Errorf("ended after %v, expected 1s", took)
					}
				})
			})
		}
	}
}

func TestCancelledBetweenTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := New(Options{URL: mustURL("http://www.example.net/"), Retry: 3})
		p.dial = func(context.Context, string, netip.Addr, netip.AddrPort) (net.Conn, error) {
			time.AfterFunc(retryPause/2, cancel)
			return nil, errors.New("no answer")
		}
		start := time.Now()
		got := p.Probe(ctx, loopback)
		if !got.Cancelled || got.Attempts != 1 || time.Since(start) != retryPause/2 {
			t.Errorf("result is %+v after %v, expected it to be cancelled in the pause", got, time.Since(start))
		}
	})
}
