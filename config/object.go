package config

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

func (p *parser) object(args []string) {
	u, err := parseURL(args[0])
	if err != nil {
		p.faultf("%w", err)
	}
	p.net.Object.URL = u
	if len(args) == 2 {
		file, err := p.path(args[1])
		if err != nil {
			p.faultf("FILE: %w", err)
		}
		p.net.Object.File = file
	}
}

// parseURL reads the URL of the object. One with an @ is not shown: there may be a password before it.
func parseURL(s string) (*url.URL, error) {
	shown := quote(s)
	if strings.Contains(s, "@") {
		shown = "what is written"
	}
	u, err := url.Parse(s)
	switch {
	case err == nil && u.User != nil:
		return nil, errors.New("the URL has user information: expected one without, and a header Authorization in its place")
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Opaque != "" || u.Host == "":
		return nil, fmt.Errorf("%s is not a URL to probe: expected http://HOST[:PORT]/PATH or https://HOST[:PORT]/PATH", shown)
	case strings.Contains(s, "#"):
		return nil, fmt.Errorf("%s has a fragment, which is never sent: expected a URL without", shown)
	}
	if err := checkURLHost(u); err != nil {
		return nil, fmt.Errorf("%s: %w", shown, err)
	}
	return u, nil
}

// checkURLHost refuses hosts that could be neither a Host header nor the name of a certificate.
func checkURLHost(u *url.URL) error {
	host := u.Hostname()
	if looksLikeAddress(host) {
		if _, err := parseAddr(host); err != nil {
			return err
		}
	} else if _, err := parseHost(host); err != nil {
		return err
	}
	port := u.Port()
	if port == "" {
		if strings.HasSuffix(u.Host, ":") {
			return errors.New("no port after the colon: expected a number from 1 to 65535")
		}
		return nil
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("port %s is not a number from 1 to 65535", quote(port))
	}
	return nil
}
