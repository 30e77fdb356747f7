package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// clientTime bounds a request of the client. The server takes less, or ends the connection.
const clientTime = writeTime + time.Second

// Bounds of what the client keeps of an answer, in bytes. An explanation of many edges is long; a trace is not kept.
const (
	maxAnswer      = 64 << 20
	maxExplanation = 512 << 20
)

// ErrUnreachable is wrapped by the client's errors when no server could be asked. Of a change it means that nothing was
// done.
var ErrUnreachable = errors.New("no server answers")

// APIError is a server's refusal of a request.
type APIError struct {
	Status  int    // of HTTP
	Code    string // one of the Code constants, or a newer one
	Message string
}

// Error returns the message, which is for people.
func (e *APIError) Error() string { return e.Message }

// Client asks a server over its control socket. It may be used from any goroutine and keeps no connection between requests.
type Client struct {
	socket string
	http   http.Client
}

// NewClient returns a client of the socket at path. It connects at the first request.
func NewClient(socket string) *Client {
	return &Client{socket: socket, http: http.Client{
		Timeout: clientTime,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				c, err := new(net.Dialer).DialContext(ctx, "unix", local(socket))
				if err != nil {
					return nil, &dialError{err}
				}
				return follow(ctx, c), nil
			},
		},
	}}
}

// dialError tells a connection that was never made from one that broke.
type dialError struct{ error }

func (e *dialError) Unwrap() error { return e.error }

// ask asks for a path and decodes the answer. Fields that this version does not know are passed over: the server may be
// newer.
func (c *Client) ask(ctx context.Context, path string, query map[string]string, answer any) error {
	most := int64(maxAnswer)
	if path == explainPath {
		most = maxExplanation
	}
	body, err := c.get(ctx, path, query, most)
	if err != nil {
		return err
	}
	return c.decode(path, body, answer)
}

// get returns the answer to a GET, read up to most bytes.
func (c *Client) get(ctx context.Context, path string, query map[string]string, most int64) ([]byte, error) {
	answer, err := c.send(ctx, http.MethodGet, target(path, query), nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return c.read(path, answer.Body, most)
}

// target is a path with its query. Parameters without a value are left out.
func target(path string, query map[string]string) string {
	values := url.Values{}
	for name, value := range query {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) > 0 {
		path += "?" + values.Encode()
	}
	return path
}

func (c *Client) post(ctx context.Context, path string, request, answer any) error {
	data, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("encoding the request: %w", err)
	}
	sent, err := c.send(ctx, http.MethodPost, path, data)
	if err != nil {
		if _, refused := errors.AsType[*APIError](err); !refused && !errors.Is(err, ErrUnreachable) {
			err = fmt.Errorf("%w (it may have done as it was asked: look before asking again)", err)
		}
		return err
	}
	defer sent.Body.Close()
	body, err := c.read(path, sent.Body, maxAnswer)
	if err != nil {
		return err
	}
	return c.decode(path, body, answer)
}

// send returns the 2xx answer to a request, whose body is to be closed. It asks again for a while as long as the server
// has no room and has done nothing.
func (c *Client) send(ctx context.Context, method, target string, data []byte) (*http.Response, error) {
	retry := newRetry()
	for {
		answer, err := c.once(ctx, method, target, data)
		if err == nil || !crowded(err) || !retry.wait(ctx) {
			return answer, err
		}
	}
}

// once asks one time.
func (c *Client) once(ctx context.Context, method, target string, data []byte) (*http.Response, error) {
	var sent delivery
	r, err := http.NewRequestWithContext(sent.watch(ctx), method, "http://edgemanage"+target, bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("asking %s of %q: %w", target, c.socket, err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, c.explain(sent.judge(err))
	}
	if answer.StatusCode/100 == 2 {
		return answer, nil
	}
	defer answer.Body.Close()
	body, err := c.read(r.URL.Path, answer.Body, maxAnswer)
	if err != nil {
		return nil, err
	}
	var f Failure
	if json.Unmarshal(body, &f) != nil || f.Error.Code == "" {
		return nil, fmt.Errorf("asking %s of %q: what answers there is no edgemanage: %s", r.URL.Path, c.socket, answer.Status)
	}
	return nil, &APIError{Status: answer.StatusCode, Code: f.Error.Code, Message: f.Error.Message}
}

// read returns an answer of up to most bytes.
func (c *Client) read(path string, from io.Reader, most int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(from, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the answer to %s from %q: %w", path, c.socket, plainly(err))
	case int64(len(body)) > most:
		return nil, fmt.Errorf("reading the answer to %s from %q: it is over %d bytes", path, c.socket, most)
	}
	return body, nil
}

func (c *Client) decode(path string, body []byte, answer any) error {
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("decoding the answer to %s from %q: %w", path, c.socket, err)
	}
	return nil
}

// explain says in the words of an operator why the server could not be asked.
func (c *Client) explain(err error) error {
	unsent := errors.Is(err, errUnsent)
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // which repeats a URL that means nothing here
	}
	if e, ok := errors.AsType[*unopened](err); ok {
		return e
	}
	if errors.Is(err, context.DeadlineExceeded) {
		late := fmt.Errorf("asking the server at %q: it has not answered in time: %w", c.socket, context.DeadlineExceeded)
		if unsent {
			return fmt.Errorf("%w: %w", ErrUnreachable, late)
		}
		return late
	}
	if _, dialled := errors.AsType[*dialError](err); !dialled {
		if errors.Is(err, errUnread) {
			return fmt.Errorf("asking the server at %q: %w: %w", c.socket, ErrUnreachable, err)
		}
		return fmt.Errorf("asking the server at %q: %w", c.socket, plainly(err))
	}
	if errors.Is(err, syscall.EAGAIN) {
		return fmt.Errorf("connecting to control socket %q: %w: %w", c.socket, ErrUnreachable, errFull)
	}
	hint := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint = "there is no such socket: is the server running, and is that its control socket (--control)?"
	case errors.Is(err, syscall.ECONNREFUSED):
		hint = "nobody listens on it: is the server running?"
	case errors.Is(err, fs.ErrPermission):
		hint = "permission denied: the socket is for its owner and its group (property control)"
	case len(c.socket) > maxPath:
		hint = fmt.Sprintf("the path is over %d bytes long", maxPath)
	default:
		hint = plainly(err).Error()
	}
	return fmt.Errorf("connecting to control socket %q: %w: %s", c.socket, ErrUnreachable, hint)
}
