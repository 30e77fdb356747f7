package edgemanage

import (
	"sync"

	"github.com/coredns/caddy"
)

// listening tells when the servers of this process have opened their sockets. The networks start before that, and a
// secondary that is notified then comes at once and finds nobody: BIND tries again only after its own timers.
//
// Once open it stays so: at a reload the old servers listen until the new ones do.
var listening = gate{done: make(chan struct{})}

type gate struct {
	once sync.Once
	done chan struct{} // closed when it is so
}

func (g *gate) open() { g.once.Do(func() { close(g.done) }) }

// A reload by SIGUSR1 drops such hooks, but by then this one has done its work.
func init() {
	caddy.RegisterEventHook(pluginName, func(event caddy.EventName, _ any) error {
		if event == caddy.InstanceStartupEvent {
			listening.open()
			viaTransfer.begin()
		}
		return nil
	})
}
