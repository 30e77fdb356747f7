package config

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// The properties of what is run and posted.

func (p *parser) run(args []string) {
	when := When(args[0])
	switch when {
	case Before, After, AfterChanges:
	default:
		p.faultf("%s is no moment to run at: expected before, after or after_changes", quote(args[0]))
	}
	argv := slices.Clone(args[1:])
	switch {
	case slices.ContainsFunc(argv, func(arg string) bool { return strings.ContainsRune(arg, 0) }):
		p.faultf("an argument has a NUL: no program could be given it")
	case argv[0] == "":
		p.faultf("%s is not a command: expected a program and its arguments", quote(argv[0]))
	case strings.Contains(argv[0], "/"):
		argv[0] = p.program(argv[0])
	}
	p.net.Runs = append(p.net.Runs, Run{When: when, Argv: argv, At: p.at.String()})
}

// program makes the path of a command absolute, since commands run in a directory of their own: without a root, too, which
// elsewhere leaves a path relative to the directory that the server was started in.
func (p *parser) program(path string) string {
	joined, err := p.path(path)
	if err == nil {
		joined, err = filepath.Abs(joined)
	}
	if err != nil {
		p.faultf("%w", err)
	}
	return joined
}

// webhook reads a URL. None of its faults shows more than scheme and host: what follows is often a token.
func (p *parser) webhook(args []string) {
	hook := Webhook{}
	u, err := parseWebhook(args[0])
	if err != nil {
		p.faultf("%w", err)
	} else {
		hook.URL = u
		if slices.ContainsFunc(p.net.Webhooks, func(w Webhook) bool { return w.URL != nil && w.URL.String() == u.String() }) {
			p.faultf("one URL of %s is named twice", hook)
		}
	}
	if len(args) == 2 {
		file, secret, err := p.readSecret(args[1], "secret")
		if err != nil {
			p.faultf("SECRETFILE: %w", err)
		}
		hook.SecretFile, hook.Secret = file, secret
	}
	p.net.Webhooks = append(p.net.Webhooks, hook)
}

// parseWebhook reads the URL of a webhook, and shows nothing of it in errors.
func parseWebhook(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err == nil && u.User != nil:
		return nil, errors.New("the URL has user information: expected one without; SECRETFILE signs what is sent")
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Opaque != "" || u.Host == "":
		return nil, errors.New("what is written is not a URL to post to: expected http://HOST[:PORT]/PATH or https://HOST[:PORT]/PATH")
	case strings.Contains(s, "#"):
		return nil, errors.New("the URL has a fragment, which is never sent: expected one without")
	}
	if err := checkURLHost(u); err != nil {
		return nil, fmt.Errorf("the URL's host: %w", err)
	}
	return u, nil
}

// String is the URL's scheme and host: its path may be a token, and a network may be printed whole.
func (w Webhook) String() string {
	if w.URL == nil {
		return "(no URL)"
	}
	return w.URL.Scheme + "://" + w.URL.Host
}

// Format writes String whatever the verb: some would show the bytes of the secret.
func (w Webhook) Format(f fmt.State, _ rune) { io.WriteString(f, w.String()) }
