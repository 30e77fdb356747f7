package prober

import (
	"context"
	"errors"
	"fmt"
	"io"
)

var (
	errClosed = errors.New("connection closed before the end")
	errFlood  = fmt.Errorf("no end within %d bytes", maxHeaderBytes)
)

// wire is the receiving half of a connection. It bounds what is read and remembers how reading ended: parsers turn a
// connection that breaks in the middle of a line into a malformed line.
type wire struct {
	conn io.Reader
	left int64 // bytes that may still be read
	err  error // of the last read, io.EOF included
}

func (w *wire) Read(b []byte) (int, error) {
	if w.left <= 0 {
		w.err = errFlood
		return 0, w.err
	}
	n, err := w.conn.Read(b[:min(int64(len(b)), w.left)])
	w.left -= int64(n)
	w.err = err
	return n, err
}

// fault says why an answer could not be read when parsing it ended with err.
func (w *wire) fault(ctx context.Context, err error) error {
	switch {
	case w.err == nil:
		return malformed(err)
	case errors.Is(w.err, io.EOF):
		return errClosed
	}
	return terseError{reason(ctx, w.err)}
}
