// Command benchserver is CoreDNS with what the measurements of the query path compare: edgemanage, the plugins whoami, file
// and minimal, and fixed, which is the least that a plugin can do for a given answer.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	"github.com/coredns/coredns/plugin"
	"github.com/miekg/dns"

	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/file"
	_ "github.com/coredns/coredns/plugin/minimal"
	_ "github.com/coredns/coredns/plugin/whoami"
	_ "github.com/deflect-ca/coredns-edgemanage"
)

func main() {
	plugin.Register("fixed", setup)
	if err := dnsserver.SetDirectives([]string{"bind", "errors", "fixed", "edgemanage", "minimal", "file", "whoami"}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	coremain.Run()
}

// setup reads `fixed RECORD...`, each record in one argument.
func setup(c *caddy.Controller) error {
	var answer []dns.RR
	for c.Next() {
		for _, text := range c.RemainingArgs() {
			rr, err := dns.NewRR(text)
			if err != nil {
				return plugin.Error("fixed", c.Errf("reading record %q: %v", text, err))
			}
			answer = append(answer, rr)
		}
	}
	dnsserver.GetConfig(c).AddPlugin(func(plugin.Handler) plugin.Handler { return fixed(answer) })
	return nil
}

// fixed answers every query with the same records.
type fixed []dns.RR

// Name implements plugin.Handler.
func (fixed) Name() string { return "fixed" }

// ServeDNS implements plugin.Handler.
func (f fixed) ServeDNS(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	m := new(dns.Msg)
	m.SetReply(r)
	m.Authoritative = true
	m.Answer = f
	return dns.RcodeSuccess, w.WriteMsg(m)
}
