package hooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	patience   = 10 * time.Second // for one answer, from dialling on
	maxAnswer  = 4 << 10          // bytes of its body that are read
	maxHeaders = 64 << 10
	maxAfter   = 5 * time.Minute // that a receiver may ask for with Retry-After
)

// newTransport makes the transport of webhooks. Changes are rare, so no connection is kept: one that has gone stale would
// cost a try.
func newTransport() http.RoundTripper {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: patience}).DialContext,
		TLSHandshakeTimeout:    patience,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeaders,
	}
}

// answer is what one try came to.
type answer struct {
	err   error         // nil: the message was taken
	final bool          // another try would fail too
	after time.Duration // the receiver wants no other try before
}

// post tries once to post a message.
func (h *Hooks) post(w *webhook, m message) answer {
	ctx, cancel := context.WithTimeout(h.ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url.String(), bytes.NewReader(m.body))
	if err != nil {
		return answer{err: fmt.Errorf("posting to %s: %w", w.name(), errRequest), final: true}
	}
	h.mu.Lock()
	secret := w.secret
	h.mu.Unlock()
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "edgemanage")
	request.Header.Set("X-Edgemanage-Event", string(m.kind))
	request.Header.Set("X-Edgemanage-Delivery", m.id)
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	request.Header.Set(TimestampHeader, timestamp)
	if len(secret) > 0 {
		request.Header.Set(SignatureHeader, Sign(secret, timestamp, m.body))
	}
	response, err := h.client().Do(request)
	if err != nil {
		return answer{err: fmt.Errorf("posting to %s: %w", w.name(), w.hide(err))}
	}
	defer response.Body.Close()
	io.CopyN(io.Discard, response.Body, maxAnswer)
	return judge(w.name(), response)
}

// client follows no redirect: it would take what is told, and its signature, to somebody else.
func (h *Hooks) client() *http.Client {
	return &http.Client{
		Transport:     h.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// judge says what an answer means. What its body says is not repeated: some servers put the path in it.
func judge(name string, r *http.Response) answer {
	if r.StatusCode/100 == 2 {
		return answer{}
	}
	a := answer{err: fmt.Errorf("posting to %s: the answer is %d %s", name, r.StatusCode, http.StatusText(r.StatusCode))}
	switch {
	case r.StatusCode/100 == 3:
		a.err, a.final = fmt.Errorf("%w: redirects are not followed", a.err), true
	case r.StatusCode/100 != 4, r.StatusCode == http.StatusRequestTimeout, r.StatusCode == http.StatusTooEarly, r.StatusCode == http.StatusTooManyRequests:
		a.after = retryAfter(r.Header.Get("Retry-After"), time.Now())
	default:
		a.final = true
	}
	return a
}

// retryAfter reads a Retry-After (RFC 9110, 10.2.3): seconds, or a date. One that cannot be read asks for nothing.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(maxAfter/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), maxAfter)
	}
	return 0
}

var (
	errRequest = errors.New("the URL cannot be asked for")
	errHidden  = errors.New("failed for a reason that names the URL, and is not shown")
)

// secretive is how long a part of a URL is that may be a token, in bytes. Words such as hooks are shorter.
const secretive = 8

// hide takes the URL out of an error of net/http: what follows the host is often a token. The error is shown unless a part
// of it stands there: it may quote what a server sent.
func (w *webhook) hide(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	text := err.Error()
	parts := strings.FieldsFunc(w.url.RequestURI()+"/"+w.url.Path, func(r rune) bool { return strings.ContainsRune("/?&=;", r) })
	if whole := w.url.RequestURI(); len(whole) > 1 && strings.Contains(text, whole) {
		return errHidden
	}
	if slices.ContainsFunc(parts, func(part string) bool { return len(part) >= secretive && strings.Contains(text, part) }) {
		return errHidden
	}
	return err
}
