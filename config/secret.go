package config

import (
	"bytes"
	"fmt"
)

// maxSecretFile bounds the file of a secret, in bytes: servers refuse longer header sections, and no key is longer.
const maxSecretFile = 64 << 10

// readSecret reads a file that holds nothing but a secret, less the newline that editors put at its end. Errors name the
// file and never show what is in it.
func (p *parser) readSecret(path, what string) (file string, secret []byte, err error) {
	if file, err = p.path(path); err != nil {
		return "", nil, err
	}
	text, err := readFile(file, maxSecretFile)
	if err != nil {
		return "", nil, fmt.Errorf("reading %q: %w", file, err)
	}
	text = bytes.TrimSuffix(text, []byte("\n"))
	text = bytes.TrimSuffix(text, []byte("\r"))
	if len(text) == 0 {
		return "", nil, fmt.Errorf("reading %q: the file is empty: expected the %s", file, what)
	}
	return file, text, nil
}
