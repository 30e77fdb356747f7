package edgemanage

import (
	"maps"
	"slices"

	"github.com/coredns/caddy"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/network"
)

// Version is what the control socket and the status page say of this plugin; cmd/coredns sets it.
var Version = "unknown"

// visitors is what those who come in at a door get to see: the networks of the engine that is active when they ask, as
// far as their configuration names the door. It implements control.Source.
type visitors struct {
	see func(*config.Network) bool
}

// Networks returns the networks by name. Between two engines there may be none.
func (v visitors) Networks() []*network.Network {
	e := active.Load()
	if e == nil {
		return nil
	}
	var seen []*network.Network
	for _, name := range slices.Sorted(maps.Keys(e.networks)) {
		if n := e.networks[name]; v.see(n.Config()) {
			seen = append(seen, n)
		}
	}
	return seen
}

// Version names the plugin's build and the server's.
func (visitors) Version() string {
	if caddy.AppVersion == "" {
		return Version
	}
	return Version + ", " + caddy.AppName + "-" + caddy.AppVersion
}
