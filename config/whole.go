package config

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
)

// The properties of whole zones and their way out, and of canaries.

// notifyPort is where secondaries listen unless a port is named.
const notifyPort = 53

func (p *parser) includes(args []string)  { p.pathTo(&p.net.Includes, args[0]) }
func (p *parser) zoneFiles(args []string) { p.pathTo(&p.net.ZoneFiles, args[0]) }
func (p *parser) canaries(args []string)  { p.pathTo(&p.net.Canaries, args[0]) }

func (p *parser) pathTo(field *string, arg string) {
	path, err := p.path(arg)
	if err != nil {
		p.faultf("%w", err)
		return
	}
	*field = path
}

func (p *parser) notify(args []string) {
	for _, arg := range args {
		to, err := parseSecondary(arg)
		switch {
		case err != nil:
			p.faultf("%w", err)
		case slices.Contains(p.net.Notify, to):
			p.faultf("%s is named twice", quote(arg))
		default:
			p.net.Notify = append(p.net.Notify, to)
		}
	}
}

// parseSecondary reads an address with or without a port.
func parseSecondary(s string) (netip.AddrPort, error) {
	if to, err := netip.ParseAddrPort(s); err == nil {
		addr, err := parseAddr(to.Addr().String())
		switch {
		case err != nil:
			return netip.AddrPort{}, err
		case to.Port() == 0:
			return netip.AddrPort{}, fmt.Errorf("%s has port 0: expected 1 to 65535", quote(s))
		}
		return netip.AddrPortFrom(addr, to.Port()), nil
	}
	addr, err := parseAddr(s)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%w, with or without a port, such as 192.0.2.1, 192.0.2.1:5300 or [2001:db8::1]:5300", err)
	}
	return netip.AddrPortFrom(addr, notifyPort), nil
}

func (p *parser) canaryKiller(args []string) {
	if n, ok := p.count(args, 0, math.MaxInt32); ok {
		p.net.CanaryKiller = n
	}
}
