package main

import (
	"slices"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/google/go-cmp/cmp"
)

// TestDirectivesOrder compares with CoreDNS's own list, which is what dnsserver has until main replaces it.
func TestDirectivesOrder(t *testing.T) {
	var got, want []string
	for _, d := range directives {
		if d != "edgemanage" {
			got = append(got, d)
		}
	}
	for _, d := range dnsserver.Directives {
		if slices.Contains(directives, d) {
			want = append(want, d)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the order differs from CoreDNS's (-want +got):\n%s", diff)
	}
}

func TestEdgemanageStandsBeforeFile(t *testing.T) {
	at := slices.Index(directives, "edgemanage")
	if at < 0 || at+1 >= len(directives) || directives[at+1] != "file" {
		t.Errorf("edgemanage is at %d of %q, want it directly before file", at, directives)
	}
}

// TestDirectivesAreRegistered: a directive without its import is found only when a Corefile names it, a plugin without
// its directive never.
func TestDirectivesAreRegistered(t *testing.T) {
	for _, d := range directives {
		t.Run(d, func(t *testing.T) {
			if _, err := caddy.DirectiveAction("dns", d); err != nil {
				t.Error(err)
			}
		})
	}
	for _, d := range dnsserver.Directives {
		if _, err := caddy.DirectiveAction("dns", d); err == nil && !slices.Contains(directives, d) {
			t.Errorf("%s is built in, and not in the list", d)
		}
	}
}

// TestDirectivesAreComplete keeps what an authoritative server in front of an edge network uses.
func TestDirectivesAreComplete(t *testing.T) {
	for _, want := range []string{
		"root", "metadata", "geoip", "cancel", "timeouts", "multisocket", "reload", "nsid", "bufsize", "bind", "debug",
		"ready", "health", "pprof", "prometheus", "errors", "log", "dnstap", "local", "any", "chaos", "loadbalance", "tsig",
		"acl", "rewrite", "cache", "header", "dnssec", "tls", "minimal", "template", "transfer", "hosts", "edgemanage", "file",
		"auto", "secondary", "forward", "erratic", "whoami", "view",
	} {
		if !slices.Contains(directives, want) {
			t.Errorf("%s is missing", want)
		}
	}
}
