package page

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// hosts says which Host headers are ours. A page of elsewhere can point a name of its own at our address and read what we
// answer (DNS rebinding), but it cannot make a browser send another name than its own. So the name must be the one we were
// configured with; addresses and localhost cannot be pointed anywhere.
type hosts struct {
	name, port string // as configured; the name may be empty, which is every address
}

// newHosts takes the address that the page listens on. One without a port has none to compare.
func newHosts(address string) hosts {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		name, port = address, ""
	}
	return hosts{name: canonical(name), port: port}
}

// allow says whether a request may be answered. The port counts only beside our name: a tunnel to localhost may begin at
// any.
func (h hosts) allow(r *http.Request) bool {
	name, port, ok := split(r.Host)
	if !ok {
		return false
	}
	name = canonical(name)
	if name == "localhost" {
		return true
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return name != "" && name == h.name && (port == h.port || h.port == "" || h.port == "0")
}

// split parts a Host header (RFC 9110, 7.2) into the name, an IPv6 address without its brackets, and the port, 80 where it
// has none. What is no such header is nobody's name.
func split(host string) (name, port string, ok bool) {
	name, port = host, "80"
	bracketed := strings.HasPrefix(host, "[")
	if bracketed && !strings.HasSuffix(host, "]") || !bracketed && strings.Contains(host, ":") {
		var err error
		if name, port, err = net.SplitHostPort(host); err != nil {
			return "", "", false
		}
		if port == "" {
			port = "80"
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", "", false
		}
	} else if bracketed {
		name = host[1 : len(host)-1]
	}
	if _, err := netip.ParseAddr(name); bracketed && (err != nil || !strings.Contains(name, ":")) {
		return "", "", false
	}
	return name, port, !strings.ContainsAny(name, "[]")
}

// canonical is a host name as it is compared: DNS knows no case, and a trailing dot names the same host.
func canonical(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }
