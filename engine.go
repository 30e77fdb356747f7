package edgemanage

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/coredns/caddy"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// engine is all networks of one Corefile. A process has one that runs: during a reload the new instance's takes over
// from the old one's, and if the reload fails the old one's takes over again. Either way the memory goes along, so
// nothing is probed twice and nothing forgotten.
type engine struct {
	handlers []*Edgemanage
	serving  sync.Mutex           // held while the handlers take up zones
	blocks   [][]config.Directive // of each server block
	defined  map[string]*definition
	networks map[string]*network.Network // made from defined by the first start

	// spare is the memory of networks that this engine's configuration no longer has. It is kept until the reload has
	// succeeded, since a failed one goes back to them.
	spare map[string]*network.Memory
}

// definition is a network as a block defines it.
type definition struct {
	config *config.Network
	inputs *network.Inputs
}

var (
	turnover sync.Mutex // held while active changes

	// active is the engine that runs. Scrapes and readiness checks read it without waiting for a turnover.
	active atomic.Pointer[engine]
)

type engineKey struct{}

// engineOf returns the engine of a caddy instance, whose blocks share it.
func engineOf(c *caddy.Controller) *engine {
	if e, ok := c.Get(engineKey{}).(*engine); ok {
		return e
	}
	e := &engine{defined: map[string]*definition{}}
	c.Set(engineKey{}, e)
	return e
}

// define adds a network. Whether it is the only one of its name is checked when all blocks are known.
func (e *engine) define(c *config.Network, in *network.Inputs) {
	e.defined[c.Name] = &definition{c, in}
}

// takeOver makes e the engine that runs, with the memory of the one that ran before. It does nothing when e runs
// already: every server block calls it. When e cannot start, the one before goes on.
func takeOver(e *engine) error {
	turnover.Lock()
	defer turnover.Unlock()
	if active.Load() == e {
		return nil
	}
	if err := e.prepare(); err != nil {
		return err
	}
	before := active.Load()
	opened, err := ourDoors.prepare(e)
	if err != nil {
		if before == nil {
			// Who has the socket likely has the state too, which tells more.
			err = errors.Join(e.held(), err)
		}
		return err
	}
	memory := before.stop()
	if err := e.start(memory); err != nil {
		ourDoors.abandon(opened)
		if before != nil {
			again := before.start(memory)
			if again == nil {
				return err
			}
			log.Errorf("Going on as before: %v", again)
		}
		// Nothing runs now. What is open is given up, so that the next try finds no state locked by this process.
		active.Store(nil)
		ourDoors.settle()
		closeAll(memory)
		return err
	}
	active.Store(e)
	ourDoors.take(opened)
	return nil
}

// goBack makes e the engine that runs again, after a reload that failed, and closes the doors that only the other wanted:
// nobody else will, the instance of a failed reload is never shut down.
func goBack(e *engine) error {
	err := takeOver(e)
	turnover.Lock()
	defer turnover.Unlock()
	ourDoors.settle()
	return err
}

// release ends an engine whose instance shuts down. If it does not run any more the reload that replaced it has
// succeeded, and what was kept for going back is given up.
func release(e *engine) {
	turnover.Lock()
	defer turnover.Unlock()
	switch running := active.Load(); running {
	case nil:
	case e:
		active.Store(nil)
		ourDoors.settle() // while the networks run: a change that somebody waits for is made, not refused
		closeAll(e.stop())
	default:
		ourDoors.settle()
		closeAll(running.spare)
		running.spare = nil
	}
}

// closeAll closes what networks leave behind, all at once: each may take some seconds.
func closeAll(memory map[string]*network.Memory) {
	var wg sync.WaitGroup
	for name, m := range memory {
		wg.Go(func() {
			if err := m.Close(); err != nil {
				log.Errorf("Closing the state of network %s: %v", name, err)
			}
		})
	}
	wg.Wait()
}

// prepare makes the networks. It fails for a name that two blocks define, or none.
func (e *engine) prepare() error {
	if e.networks != nil {
		return nil
	}
	if faults := config.CheckDefinitions(e.blocks...); len(faults) > 0 {
		return errors.Join(faults...)
	}
	var faults []error
	for _, h := range e.handlers {
		faults = append(faults, h.checkClaims()...)
	}
	if faults = append(faults, e.checkZoneFiles()...); len(faults) > 0 {
		return errors.Join(faults...)
	}
	networks := map[string]*network.Network{}
	for name, d := range e.defined {
		n, err := network.New(d.config, d.inputs, network.Options{
			Prober: network.NewProber(d.config), Resolver: prober.NewResolver(nil), Observer: observer{},
			Zones:      e.claimed(name),
			ZonesMoved: e.serve,
			Published:  func(changed []string) { e.notify(name, changed) },
			Claimed:    func(zone string) bool { return e.claims(zone) },
			Listening:  listening.done,
		})
		if err != nil {
			return fmt.Errorf("%s:%d: edgemanage: %w", d.config.File, d.config.Line, err)
		}
		networks[name] = n
	}
	e.networks = networks
	return nil
}

// held says whose state another process holds.
func (e *engine) held() error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(e.networks)) {
		faults = append(faults, e.networks[name].Held())
	}
	return errors.Join(faults...)
}

// start starts the networks, taking what they can use out of memory and keeping the rest as spare. When one cannot start
// all are stopped and memory is whole again.
func (e *engine) start(memory map[string]*network.Memory) error {
	before := slices.Collect(maps.Values(memory))
	for name, n := range e.networks {
		n.Outdo(memory[name], before)
	}
	for name, n := range e.networks {
		if err := n.Start(memory[name]); err != nil {
			e.spare = nil
			maps.Copy(memory, e.stop())
			return err
		}
	}
	e.spare = map[string]*network.Memory{}
	for name, m := range memory {
		if e.networks[name] == nil {
			e.spare[name] = m
		}
	}
	for name, d := range e.defined {
		d.announce(e.networks[name].Status())
		startCounters(d.config)
	}
	return nil
}

// stop stops the networks and returns their memory, and the spare. No engine has none.
func (e *engine) stop() map[string]*network.Memory {
	memory := map[string]*network.Memory{}
	if e == nil {
		return memory
	}
	maps.Copy(memory, e.spare)
	e.spare = nil
	var mu sync.Mutex
	var wg sync.WaitGroup
	for name, n := range e.networks {
		wg.Go(func() {
			if m := n.Stop(); m != nil {
				mu.Lock()
				defer mu.Unlock()
				memory[name] = m
			}
		})
	}
	wg.Wait()
	return memory
}

// ready says whether every network can be answered from. No engine is not ready: *ready* may ask before ours starts, and
// never asks again once it has heard yes.
func (e *engine) ready() bool {
	if e == nil {
		return false
	}
	for _, n := range e.networks {
		if s := n.Status(); !n.Config().DryRun && (s == nil || !s.Ready) {
			return false
		}
	}
	return true
}
