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

// maxAnswer bounds what the client reads of an answer, in bytes.
const maxAnswer = 512 << 20

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
				return c, nil
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
	body, err := c.get(ctx, path, query)
	if err != nil {
		return err
	}
	return c.decode(path, body, answer)
}

// get returns the answer to a GET. Parameters without a value are left out.
func (c *Client) get(ctx context.Context, path string, query map[string]string) ([]byte, error) {
	values := url.Values{}
	for name, value := range query {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) > 0 {
		path += "?" + values.Encode()
	}
	return c.do(ctx, http.MethodGet, path, nil)
}

func (c *Client) post(ctx context.Context, path string, request, answer any) error {
	data, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("encoding the request: %w", err)
	}
	body, err := c.do(ctx, http.MethodPost, path, data)
	if err != nil {
		return err
	}
	return c.decode(path, body, answer)
}

// do returns the body of a 2xx answer.
func (c *Client) do(ctx context.Context, method, path string, data []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://edgemanage"+path, bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("asking %s of %q: %w", path, c.socket, err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.http.Do(r)
	if err != nil {
		err = c.explain(err)
		if method == http.MethodPost && !errors.Is(err, ErrUnreachable) {
			err = fmt.Errorf("%w (it may have done as it was asked: look before asking again)", err)
		}
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the answer to %s from %q: %w", path, c.socket, err)
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("reading the answer to %s from %q: it is over %d bytes", path, c.socket, maxAnswer)
	case answer.StatusCode/100 != 2:
		var f Failure
		if json.Unmarshal(body, &f) != nil || f.Error.Code == "" {
			return nil, fmt.Errorf("asking %s of %q: what answers there is no edgemanage: %s", path, c.socket, answer.Status)
		}
		return nil, &APIError{Status: answer.StatusCode, Code: f.Error.Code, Message: f.Error.Message}
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
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // which repeats a URL that means nothing here
	}
	if _, dialled := errors.AsType[*dialError](err); !dialled {
		return fmt.Errorf("asking the server at %q: %w", c.socket, err)
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
		hint = err.Error()
	}
	return fmt.Errorf("connecting to control socket %q: %w: %s", c.socket, ErrUnreachable, hint)
}
