package prober

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
)

// userAgent is sent unless the configuration has one.
const userAgent = "edgemanage"

// portOf returns the port u names, or its scheme's.
func portOf(u *url.URL) (uint16, error) {
	if u == nil {
		return 0, errors.New("reading object: no URL")
	}
	usual, ok := map[string]uint16{"http": 80, "https": 443}[u.Scheme]
	if !ok {
		return 0, fmt.Errorf("reading object %q: scheme is %q, expected http or https", u.Redacted(), u.Scheme)
	}
	if u.Hostname() == "" {
		return 0, fmt.Errorf("reading object %q: no host", u.Redacted())
	}
	if u.Port() == "" {
		return usual, nil
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port == 0 {
		return 0, fmt.Errorf("reading object %q: port is %q, expected 1 to 65535", u.Redacted(), u.Port())
	}
	return uint16(port), nil
}

// marshalRequest writes the GET that all probes send. It asks for no compression and for the connection's end.
func marshalRequest(u *url.URL, header http.Header) ([]byte, error) {
	req := &http.Request{
		Method: http.MethodGet,
		URL:    u,
		Host:   u.Host,
		Header: http.Header{"User-Agent": {userAgent}},
		Close:  true,
	}
	if u.User != nil {
		password, _ := u.User.Password()
		req.SetBasicAuth(u.User.Username(), password)
	}
	given := make(http.Header, len(header))
	for name, values := range header {
		name = http.CanonicalHeaderKey(name)
		given[name] = append(given[name], values...)
	}
	if host := given.Get("Host"); host != "" {
		req.Host = host
	}
	maps.Copy(req.Header, given)
	var b bytes.Buffer
	if err := req.Write(&b); err != nil {
		// The error may quote the Host header.
		return nil, fmt.Errorf("writing request for %q: host is not valid", u.Redacted())
	}
	return b.Bytes(), nil
}
