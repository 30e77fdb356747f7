// Package prober fetches the test object from one address of one edge and says what happened.
//
// It owns one probe: the connection, its deadline, its retries and the verdict; and, beside it, the resolver of edges'
// names ([Resolver]) and the expectation of the object ([Object]). When to probe, how many at once and what a run of
// failures means are its caller's.
//
// It promises that
//   - the address asked for is the address dialled, while SNI, certificate name and Host stay those of the URL;
//   - probes share nothing: no connection, session, cookie, proxy or redirect leads from one to another;
//   - the timeout covers everything, retries and the whole body included;
//   - no answer, however malformed or long, makes it panic or read without bound;
//   - a fault of this machine is told apart from a fault of the edge ([Local]);
//   - values of request headers never appear in errors.
//
// It never logs, and never keeps a goroutine after Probe returned. (A lookup that was given up may linger in package net
// for the few seconds of the system's resolver timeout.)
package prober

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// defaultTimeout stands in for an Options.Timeout that is not positive.
	defaultTimeout = 10 * time.Second
	// retryPause lets a restarting server come up between two tries of a probe. Three tries at the default fit well
	// into any sensible timeout.
	retryPause = 250 * time.Millisecond
)

// Options say what is fetched and how. New copies what it keeps.
type Options struct {
	// URL is the test object's, http or https. Its user information becomes basic authentication.
	URL *url.URL
	// Timeout bounds a whole probe, all its tries and the body included. 10 s when not positive.
	Timeout time.Duration
	// Retry is how often in all a connection that fails is tried; less than 1 is 1.
	Retry int
	// InsecureSkipVerify accepts any certificate; its expiry is reported all the same.
	InsecureSkipVerify bool
	// Header is sent with every request; Host replaces the URL's. User-Agent is "edgemanage" unless given.
	Header http.Header
	// Source4 and Source6 are the local addresses to probe from; the zero Addr leaves the choice to the kernel.
	Source4, Source6 netip.Addr
	// RootCAs verify the certificate; nil means the system's.
	RootCAs *x509.CertPool
}

// Prober probes any number of addresses, concurrently, for one object. Its configuration never changes, its
// expectation does.
type Prober struct {
	timeout          time.Duration
	tries            int
	port             uint16
	request          []byte      // one GET, the same for every probe
	anyCoding        bool        // the operator's headers say which codings are accepted
	tls              *tls.Config // nil for http
	source4, source6 netip.Addr
	object           atomic.Pointer[Object]
	expired          error // cause of a context that ended by our own deadline
	unfit            error // why no probe can work, from New
	dial             dialFunc
}

// New makes a Prober. Options that cannot work (no URL, another scheme, a port out of range) make every probe
// [Internal], with the reason in Result.Err.
func New(o Options) *Prober {
	p := &Prober{
		timeout: o.Timeout,
		tries:   max(o.Retry, 1),
		source4: o.Source4.Unmap(),
		source6: o.Source6,
		dial:    dialAddress,
	}
	if p.timeout <= 0 {
		p.timeout = defaultTimeout
	}
	p.expired = expiredError{p.timeout}
	if p.port, p.unfit = portOf(o.URL); p.unfit != nil {
		return p
	}
	if p.request, p.unfit = marshalRequest(o.URL, o.Header); p.unfit != nil {
		return p
	}
	p.anyCoding = asksForCoding(o.Header)
	if o.URL.Scheme == "https" {
		p.tls = &tls.Config{
			// A fully qualified name with its dot is in no certificate.
			ServerName:         strings.TrimSuffix(o.URL.Hostname(), "."),
			InsecureSkipVerify: o.InsecureSkipVerify,
			RootCAs:            o.RootCAs,
			NextProtos:         []string{"http/1.1"},
		}
	}
	return p
}

// Expect replaces what bodies are compared with, but for one that is being read. With nil any 2xx but 206 passes whose
// body is at most 1 MiB.
func (p *Prober) Expect(o *Object) { p.object.Store(o) }

// Probe fetches the object from addr. A connection that is refused or fails is tried again while tries and time are
// left; the result is the last try's. Probe never panics: a panic within is the outcome [Internal].
func (p *Prober) Probe(ctx context.Context, addr netip.Addr) (res Result) {
	res = Result{Addr: addr, At: time.Now()}
	if p.unfit != nil {
		res.Outcome, res.Err = Internal, p.unfit
		return res
	}
	if !addr.IsValid() {
		res.Outcome, res.Err = Internal, fmt.Errorf("probing %q: not an address", addr)
		return res
	}
	start := res.At
	ctx, cancel := context.WithTimeoutCause(ctx, p.timeout, p.expired)
	defer cancel()
	for n := 1; ; n++ {
		res = p.try(ctx, addr)
		res.Attempts = n
		if n >= p.tries || !res.Outcome.retried() || !pause(ctx) {
			break
		}
	}
	switch {
	case res.Outcome == OK && time.Since(start) >= p.timeout:
		// The last byte and the deadline came together.
		res.Outcome, res.Err = Timeout, fmt.Errorf("reading body: %w", p.expired)
	case res.Outcome != OK && ctx.Err() != nil:
		// Only the first end of a context is its cause, so this is the caller's though our deadline passed since.
		res.Cancelled = context.Cause(ctx) != p.expired
	}
	return res
}

// try makes one attempt and times it.
func (p *Prober) try(ctx context.Context, addr netip.Addr) (res Result) {
	res = Result{Addr: addr, At: time.Now()}
	defer func() {
		if v := recover(); v != nil {
			res.Outcome, res.Err = Internal, &PanicError{Value: v, Stack: debug.Stack()}
		}
		res.Took = time.Since(res.At)
	}()
	res.Outcome, res.Err = p.fetch(ctx, netip.AddrPortFrom(addr.Unmap(), p.port), &res)
	return res
}

// pause waits before the next try; false means there is no time for one.
func pause(ctx context.Context) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= retryPause {
		return false
	}
	timer := time.NewTimer(retryPause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
