package config

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// number reads a decimal number in a range.
func number(s string, least, most int64) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s is not a number from %d to %d", quote(s), least, most)
	}
	return n, nil
}

// count reads the one argument of a property that is a number; ok is false after a fault.
func (p *parser) count(args []string, least, most int64) (n int, ok bool) {
	v, err := number(args[0], least, most)
	if err != nil {
		p.faultf("%w", err)
		return 0, false
	}
	return int(v), true
}

// parseDuration reads Go syntax or bare seconds, with or without decimals.
func parseDuration(s string) (time.Duration, error) {
	text := s
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%s is not a duration: expected seconds or a form like 700ms or 1m30s", quote(s))
	}
	return d, nil
}

// positive reads the one argument of a property that is a duration; ok is false after a fault.
func (p *parser) positive(s string) (d time.Duration, ok bool) {
	d, err := parseDuration(s)
	if err == nil && d <= 0 {
		err = fmt.Errorf("%s is not above zero", quote(s))
	}
	if err != nil {
		p.faultf("%w", err)
		return 0, false
	}
	return d, true
}

// maxTTL is the largest TTL there is, in seconds (RFC 2181, 8).
const maxTTL = math.MaxInt32

// parseSeconds reads a duration that a record holds.
func parseSeconds(s string, least uint32) (uint32, error) {
	d, err := parseDuration(s)
	switch {
	case err != nil:
		return 0, err
	case d%time.Second != 0:
		return 0, fmt.Errorf("%s is not whole seconds: a record holds no fraction", quote(s))
	case d < time.Duration(least)*time.Second || d > maxTTL*time.Second:
		return 0, fmt.Errorf("%s is not from %d to %d seconds", quote(s), least, maxTTL)
	}
	return uint32(d / time.Second), nil
}

// path joins a relative path with the root of the server block.
func (p *parser) path(s string) (string, error) {
	if s == "" || strings.ContainsRune(s, 0) {
		return "", fmt.Errorf("%s is not a path: expected a file or a directory", quote(s))
	}
	if filepath.IsAbs(s) {
		return filepath.Clean(s), nil
	}
	return filepath.Join(p.root, s), nil
}

// domain reads a host name of the zone data, and makes it fully qualified.
func domain(s string) (string, error) {
	if looksLikeAddress(s) {
		return "", fmt.Errorf("%s is an address: expected a host name", quote(s))
	}
	host, err := parseHost(s)
	if err != nil {
		return "", err
	}
	return host + ".", nil
}
