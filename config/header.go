package config

import (
	"bytes"
	"errors"
	"fmt"
	"net/textproto"
	"strings"
)

// String leaves the value out, so that a network printed whole, in a log or a panic, gives no secret away.
func (h Header) String() string { return h.Name + ": (not shown)" }

// GoString is String, for %#v.
func (h Header) GoString() string { return h.String() }

// maxHeaderFile bounds the file of a header's value, in bytes: servers refuse longer header sections.
const maxHeaderFile = 64 << 10

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
		file, value, err := p.readHeader(path)
		if err != nil {
			p.faultf("%s: %w", h.Name, err)
			return
		}
		h.File, h.Value = file, value
	}
	if err := checkHeaderValue(h.Value); err != nil {
		p.faultf("%s: %w", h.Name, err)
		return
	}
	p.net.Headers = append(p.net.Headers, h)
}

// readHeader reads the value from a file, less the newline that editors put at its end.
func (p *parser) readHeader(path string) (file, value string, err error) {
	if path == "" {
		return "", "", errors.New("no file after the @: expected @FILE")
	}
	if file, err = p.path(path); err != nil {
		return "", "", err
	}
	text, err := readFile(file, maxHeaderFile)
	if err != nil {
		return "", "", fmt.Errorf("reading %q: %w", file, err)
	}
	text = bytes.TrimSuffix(text, []byte("\n"))
	text = bytes.TrimSuffix(text, []byte("\r"))
	if len(text) == 0 {
		return "", "", fmt.Errorf("reading %q: the file is empty: expected the value", file)
	}
	return file, string(text), nil
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
