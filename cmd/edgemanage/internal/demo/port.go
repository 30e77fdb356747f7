package demo

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// free reports an address that cannot be listened on. CoreDNS itself would not notice: it shares a port with whoever
// listens there (SO_REUSEPORT), and each would get a part of the queries.
func free(address, proto, flag string) error {
	var c interface{ Close() error }
	var err error
	if proto == "udp" {
		c, err = net.ListenPacket("udp", address)
	} else {
		c, err = net.Listen("tcp", address)
	}
	if err == nil {
		return c.Close()
	}
	_, port, _ := net.SplitHostPort(address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("listening on %s: port %s (%s) is taken, maybe by another demo: end what holds it "+
			"(ss -lnp 'sport = :%s' names it), or choose another with %s", address, port, proto, port, flag)
	}
	return fmt.Errorf("listening on %s (%s, %s): %w", address, proto, flag, err)
}
