package config

import (
	"errors"
	"net/textproto"
	"strings"
)

// String leaves the value out, so that a network printed whole, in a log or a panic, gives no secret away.
func (h Header) String() string { return h.Name + ": (not shown)" }

// GoString is String, for %#v.
func (h Header) GoString() string { return h.String() }

// headerValue reads a header. None of its faults shows an argument that could be the secret, not even NAME unless it is
// a name: the two may have been exchanged.
func (p *parser) headerValue(args []string) {
	if len(args) > 2 {
		p.faultf("%s: expected %q, with quotes around a value that has spaces", countOf(len(args)), p.usage)
		return
	}
	h := Header{Name: textproto.CanonicalMIMEHeaderKey(args[0]), Value: args[1]}
	if !isToken(args[0]) {
		p.faultf("NAME is not a header's name: expected a token such as X-Probe, without a colon")
		return
	}
	switch h.Name {
	case "Content-Length", "Transfer-Encoding", "Trailer":
		p.faultf("%s cannot be set: it follows from the request, which has no body", h.Name)
		return
	}
	if path, ok := strings.CutPrefix(args[1], "@"); ok {
		if path == "" {
			p.faultf("%s: no file after the @: expected @FILE", h.Name)
			return
		}
		file, value, err := p.readSecret(path, "value")
		if err != nil {
			p.faultf("%s: %w", h.Name, err)
			return
		}
		h.File, h.Value = file, string(value)
	}
	if err := checkHeaderValue(h.Value); err != nil {
		p.faultf("%s: %w", h.Name, err)
		return
	}
	p.net.Headers = append(p.net.Headers, h)
}

// checkHeaderValue refuses what would end the header or the connection (RFC 9110, 5.5).
func checkHeaderValue(value string) error {
	if strings.ContainsAny(value, "\r\n") {
		return errors.New("the value has a line break: expected one line")
	}
	if strings.ContainsFunc(value, isControl) {
		return errors.New("the value has a control character: expected text")
	}
	return nil
}

// isToken tells whether s can be a header's name (RFC 9110, 5.6.2).
func isToken(s string) bool {
	const characters = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return s != "" && strings.Trim(s, characters) == ""
}
