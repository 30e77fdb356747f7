package page

import (
	"net"
	"net/http"
	"net/netip"
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
	name, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		name, port = strings.Trim(r.Host, "[]"), "80"
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

// canonical is a host name as it is compared: DNS knows no case, and a trailing dot names the same host.
func canonical(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }
