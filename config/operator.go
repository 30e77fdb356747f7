package config

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
)

// The properties of what an operator looks in through: the control socket and the status page.

// maxSocket is the longest path of a socket, in bytes: sun_path less its NUL (unix(7)).
const maxSocket = 107

// defaultSocket is the name of the control socket in the state directory.
const defaultSocket = "control.sock"

func (p *parser) control(args []string) {
	path, err := p.path(args[0])
	if err == nil {
		err = checkSocket(path)
	}
	if err != nil {
		p.faultf("%w", err)
	}
	p.net.Control, p.net.ControlAt = path, p.at.String()
	if len(args) < 2 {
		return
	}
	if args[1] == "" || strings.ContainsAny(args[1], ":/ \t") || strings.ContainsFunc(args[1], isControl) {
		p.faultf("%s is not the name of a group", quote(args[1]))
	}
	p.net.ControlGroup = args[1]
}

// checkSocket finds what no socket can be at.
func checkSocket(path string) error {
	if strings.HasPrefix(path, "@") {
		return fmt.Errorf("%s begins with an @, which names no file but an abstract socket, open to all users: expected a path", quote(path))
	}
	if len(path) > maxSocket {
		return fmt.Errorf("the path of the socket, %s, has %d bytes: expected at most %d", quote(path), len(path), maxSocket)
	}
	return nil
}

// finishControl gives the socket its default place. In dry run nothing is written into the state, a socket neither.
func (p *parser) finishControl(start position) {
	n := &p.net
	if _, ok := p.seen["control"]; ok || n.State == "" || n.DryRun || !p.consider(start, "state") {
		return
	}
	path := filepath.Join(n.State, defaultSocket)
	if err := checkSocket(path); err != nil {
		// Nobody asked for it: no reason to refuse a start.
		p.warnf("no control socket: the default of control: %v, here or by %q", err, properties["control"].usage)
		return
	}
	n.Control, n.DefaultControl, n.ControlAt = path, true, p.at.String()
}

func (p *parser) status(args []string) {
	address, wide, err := parseListen(args[0])
	if err != nil {
		p.faultf("%w", err)
		return
	}
	if wide {
		p.warnf("%s is every address of this host: whoever reaches one of them can read the page", quote(args[0]))
	}
	p.net.StatusAddress, p.net.StatusAt = address, p.at.String()
}

// parseListen reads an address to listen on, and tells whether it is all addresses of the host.
func parseListen(s string) (address string, wide bool, err error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", false, fmt.Errorf("%s is not an address to listen on: expected HOST:PORT, such as localhost:9154 or [2001:db8::1]:9154", quote(s))
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || strings.Trim(port, "0123456789") != "" {
		return "", false, fmt.Errorf("port %s is not a number from 1 to 65535", quote(port))
	}
	port = strings.TrimLeft(port, "0")
	if host == "" {
		return net.JoinHostPort("", port), true, nil
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return net.JoinHostPort(addr.String(), port), addr.IsUnspecified(), nil
	}
	if looksLikeAddress(host) {
		return "", false, fmt.Errorf("%s is not an address", quote(host))
	}
	name, err := parseHost(host)
	if err != nil {
		return "", false, err
	}
	return net.JoinHostPort(name, port), false, nil
}
