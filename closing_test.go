package edgemanage

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/hooks"
	"github.com/deflect-ca/coredns-edgemanage/network"
)

// barrier is a network.Hooks whose Close returns when all that share it are being closed.
type barrier struct {
	arrived *sync.WaitGroup
	late    chan<- struct{} // is told of one that waited in vain
}

func (barrier) Configure([]config.Run, []config.Webhook) {}
func (barrier) Enqueue(hooks.Event)                      {}
func (barrier) Finish(context.Context)                   {}
func (b barrier) Close() {
	b.arrived.Done()
	all := make(chan struct{})
	go func() {
		defer close(all)
		b.arrived.Wait()
	}()
	select {
	case <-all:
	case <-time.After(20 * time.Second):
		b.late <- struct{}{}
	}
}

// A network whose webhook hangs takes seconds to close, and they were closed one after the other: with a few of them the
// process was killed before the last had written its state.
func TestNetworksAreClosedAtOnce(t *testing.T) {
	const several = 3
	var arrived sync.WaitGroup
	arrived.Add(several)
	late := make(chan struct{}, several)
	memory := map[string]*network.Memory{}
	for i := range several {
		name := fmt.Sprintf("net%d", i)
		e := parsed(t, "edgemanage "+name+" {\n"+body+"run after /bin/true\n}", "example.org.")
		d := e.engine.defined[name]
		n, err := network.New(d.config, d.inputs, network.Options{
			Prober: edges{}, Resolver: unresolvable{}, Hooks: func(hooks.Options) network.Hooks { return barrier{&arrived, late} },
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Start(nil); err != nil {
			t.Fatal(err)
		}
		memory[name] = n.Stop()
	}
	closeAll(memory)
	if n := len(late); n > 0 {
		t.Errorf("%d of %d networks were closed while the others waited for them", n, several)
	}
}
