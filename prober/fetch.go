package prober

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// maxHeaderBytes bounds the header of an answer, with all the 1xx before it.
const maxHeaderBytes = 64 << 10

// fetch makes one connection, asks for the object and judges the answer, filling in res on the way.
//
// It speaks HTTP/1.1 on its own connection rather than through http.Transport: there is nothing to share, phases and
// failures are told apart by where they happen and not by an error's text, and no goroutine needs to be waited for.
func (p *Prober) fetch(ctx context.Context, remote netip.AddrPort, res *Result) (Outcome, error) {
	lap := res.At
	next := func(phase *time.Duration) {
		now := time.Now()
		*phase, lap = now.Sub(lap), now
	}

	conn, outcome, err := p.connect(ctx, remote)
	next(&res.Phases.Connect)
	if err != nil {
		return outcome, err
	}
	defer conn.Close()
	defer interrupt(ctx, conn)()

	if p.tls != nil {
		// The TLS connection is not closed: its farewell may block, and the answer is complete without it.
		secure, notAfter, outcome, err := p.secure(ctx, conn)
		next(&res.Phases.TLS)
		res.CertNotAfter = notAfter
		if err != nil {
			return outcome, err
		}
		conn = secure
	}

	wire := &wire{conn: conn, left: maxHeaderBytes}
	r := bufio.NewReader(wire)
	outcome, err = p.ask(ctx, conn, r)
	next(&res.Phases.FirstByte)
	if err != nil {
		return outcome, err
	}

	defer next(&res.Phases.Body)
	resp, err := readHeader(r)
	if err != nil {
		return classify(ctx, wire.err, Read), fmt.Errorf("reading header: %w", wire.fault(ctx, err))
	}
	res.Status = resp.StatusCode
	if resp.StatusCode/100 != 2 || resp.StatusCode == http.StatusPartialContent {
		// Not resp.Status: those words are the edge's.
		status := strings.TrimSpace(fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode)))
		return Status, fmt.Errorf("status is %s, expected 2xx other than 206", status)
	}
	wire.left = math.MaxInt64 // the body has bounds of its own
	outcome, err = p.judge(ctx, wire, resp.Body)
	if outcome == OK && !p.anyCoding && p.object.Load() != nil && coded(resp.Header) {
		// Without an object to compare, a coding is the edge's to choose: the request refuses none (RFC 9110, 12.5.3).
		return Read, errCoded
	}
	return outcome, err
}

// ask sends the request and waits for the first byte of the answer.
func (p *Prober) ask(ctx context.Context, conn net.Conn, r *bufio.Reader) (Outcome, error) {
	if _, err := conn.Write(p.request); err != nil {
		return classify(ctx, err, Read), fmt.Errorf("sending request: %w", reason(ctx, err))
	}
	if _, err := r.Peek(1); errors.Is(err, io.EOF) {
		return classify(ctx, err, Read), errors.New("waiting for the answer: connection closed before its first byte")
	} else if err != nil {
		return classify(ctx, err, Read), fmt.Errorf("waiting for the answer: %w", terseError{reason(ctx, err)})
	}
	return OK, nil
}

// readHeader reads up to the body, past informational answers (RFC 9110 section 15.2). Their number is bounded by
// the reader's limit.
func readHeader(r *bufio.Reader) (*http.Response, error) {
	for {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode/100 != 1 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, nil
		}
	}
}

// judge reads the body, one byte further than it may be long, and compares. What the header says of its length is
// the reader's to honour and nothing is allocated by it. The body is not closed: that would read on to its end.
func (p *Prober) judge(ctx context.Context, wire *wire, body io.Reader) (Outcome, error) {
	object := p.object.Load()
	got, err := digest(io.LimitReader(body, object.limit()+1))
	if err != nil {
		return classify(ctx, wire.err, Read), fmt.Errorf("reading body: after %d bytes: %w", got.Size, wire.fault(ctx, err))
	}
	return object.compare(got, time.Now())
}
