package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// A server that is full answers so, or ends connections that it has not read. It drops what is silent at once, so a client
// that comes again has a place.
const (
	retryTime  = 2 * time.Second        // since the first try, after which no other is begun
	retryPause = 100 * time.Millisecond // between two
)

var (
	// errUnread is wrapped by the errors of requests that the server has not read to their end, and so has not carried out.
	errUnread = errors.New("it ended the connection before it had read the request, as it does with too many of them")
	// errUnsent is wrapped where the time was over before anything of a request was written.
	errUnsent = errors.New("it was not sent")
	// errFull is wrapped where the kernel keeps no more connections for a server that does not take them up.
	errFull = errors.New("more connections wait for it than it takes")
)

// crowded says whether a server had no room for a request, and did nothing of it.
func crowded(err error) bool {
	if api, ok := errors.AsType[*APIError](err); ok {
		return api.Code == CodeBusy
	}
	return errors.Is(err, errUnread) || errors.Is(err, errFull)
}

// retry bounds how long a request is tried.
type retry struct{ until time.Time }

func newRetry() retry { return retry{time.Now().Add(retryTime)} }

// wait pauses until the next try, and is false when there is to be none.
func (r retry) wait(ctx context.Context) bool {
	if time.Until(r.until) < retryPause {
		return false
	}
	pause := time.NewTimer(retryPause)
	defer pause.Stop()
	select {
	case <-pause.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// delivery is how far a request came.
type delivery struct{ written atomic.Bool }

type deliveryKey struct{}

// watch returns the context of the request that is followed.
func (d *delivery) watch(ctx context.Context) context.Context {
	return context.WithValue(ctx, deliveryKey{}, d)
}

// follow returns a connection that tells the delivery of ctx when something is written.
func follow(ctx context.Context, c net.Conn) net.Conn {
	if d, ok := ctx.Value(deliveryKey{}).(*delivery); ok {
		return &followed{c, d}
	}
	return c
}

type followed struct {
	net.Conn
	to *delivery
}

func (f *followed) Write(p []byte) (int, error) {
	n, err := f.Conn.Write(p)
	if n > 0 {
		f.to.written.Store(true)
	}
	return n, err
}

// judge makes err one that wraps errUnread if the server cannot have read the whole request: nothing of it was written, or
// the kernel says that what was written lay there when the connection was closed, which is what a reset of a unix socket
// is, or that it was closed before (unix(7)). Of a time that was over it keeps whether anything was sent.
func (d *delivery) judge(err error) error {
	if _, local := errors.AsType[*unopened](err); local {
		return err
	}
	_, dialled := errors.AsType[*dialError](err)
	ended := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	switch {
	case ended && !d.written.Load():
		return fmt.Errorf("%w: %w", errUnsent, err)
	case dialled, ended:
		return err
	case !d.written.Load(), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return errUnread
	}
	return err
}

// plainly leaves out of an error the addresses of its connection: that of a server's end is where the socket was made, and
// is there no more.
func plainly(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}
