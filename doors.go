package edgemanage

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/control"
)

const (
	controlProperty = "control"
	statusProperty  = "status"
)

// sayFor is how long a control socket that the disk refused waits for the next try.
const sayFor = 10 * time.Second

// doors are the control sockets and status pages of this process. Networks share them by path or address. A reload opens
// what is new before it stops anything, carries over what stays, and closes what is no longer wanted only when it has
// succeeded for good: see takeOver, settle and release. Whoever uses it holds turnover.
type doors struct {
	all   map[entrance]*door
	again time.Duration
}

var ourDoors = &doors{all: map[entrance]*door{}, again: sayFor}

// wish is a door that a configuration wants.
type wish struct {
	entrance
	group    string
	optional bool   // the default socket: trouble with the disk does not keep the server from starting
	says     string // file:line of the property
}

// wishes are the doors that an engine wants, each once.
func (e *engine) wishes() map[entrance]wish {
	wanted := map[entrance]wish{}
	if e == nil {
		return wanted
	}
	for _, name := range slices.Sorted(maps.Keys(e.defined)) {
		c := e.defined[name].config
		if at := (entrance{controlProperty, c.Control}); c.Control != "" {
			w, shared := wanted[at]
			if !shared || w.optional {
				w = wish{at, c.ControlGroup, c.DefaultControl, c.ControlAt}
			}
			wanted[at] = w
		}
		if at := (entrance{statusProperty, c.StatusAddress}); c.StatusAddress != "" {
			if _, shared := wanted[at]; !shared {
				wanted[at] = wish{entrance: at, says: c.StatusAt}
			}
		}
	}
	return wanted
}

// prepare opens the doors that an engine wants and that are not there yet. The error joins all faults; then nothing is
// changed. Nobody is answered at the new ones before they are taken up.
func (d *doors) prepare(e *engine) (opened []*door, err error) {
	var faults []error
	for _, w := range e.wishes() {
		n, known := d.all[w.entrance]
		if !known {
			n = newDoor(w)
			opened = append(opened, n)
		}
		err := n.open()
		if err != nil && w.optional && !errors.Is(err, control.ErrLive) {
			err = nil // it is tried again when it serves, by when the state has made its directory
		}
		if err == nil {
			err = n.regroup(w.group)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %s: %w%s", w.says, w.property, err, d.inTheWay(w, err)))
		}
	}
	if len(faults) > 0 {
		d.abandon(opened)
		return nil, errors.Join(faults...)
	}
	return opened, nil
}

// inTheWay says for an address that is taken when this process has it: the page of the configuration before stays until
// nothing can go back to it, so another name of the same address cannot be had by a reload.
func (d *doors) inTheWay(w wish, err error) string {
	if w.property != statusProperty || !errors.Is(err, syscall.EADDRINUSE) {
		return ""
	}
	_, port, _ := net.SplitHostPort(w.at)
	for at := range d.all {
		if _, its, _ := net.SplitHostPort(at.at); at.property == statusProperty && its == port {
			return fmt.Sprintf(", maybe by this server's page at %s: expected another port, or a restart", at.at)
		}
	}
	return ""
}

// abandon closes doors that were opened for nothing, and gives those of the running engine back to their groups.
func (d *doors) abandon(opened []*door) {
	for _, n := range opened {
		n.close()
	}
	for at, w := range active.Load().wishes() {
		if n := d.all[at]; n != nil {
			if err := n.regroup(w.group); err != nil {
				log.Error(err)
			}
		}
	}
}

// take answers at doors that prepare opened.
func (d *doors) take(opened []*door) {
	for _, n := range opened {
		d.all[n.entrance] = n
		// The state's directory is there by now. Trouble that lasts is told of by serve.
		if n.open() == nil {
			log.Infof("Operators are answered at %s %s", n.entrance.property, n.entrance.at)
		}
		n.serve(d.again)
	}
}

// settle closes the doors that the running engine does not want.
func (d *doors) settle() {
	wanted := active.Load().wishes()
	for at, n := range d.all {
		if _, stays := wanted[at]; !stays {
			delete(d.all, at)
			n.close()
		}
	}
}

// newDoor makes a door that is closed.
func newDoor(w wish) *door {
	n := &door{entrance: w.entrance, group: w.group, quit: make(chan struct{})}
	switch w.property {
	case controlProperty:
		n.listen = func(group string) (net.Listener, error) { return control.Listen(w.at, group) }
		n.caller = control.NewServer(visitors{func(c *config.Network) bool { return c.Control == w.at }})
	case statusProperty:
		n.listen = func(string) (net.Listener, error) { return net.Listen("tcp", w.at) }
		n.caller = newStatusPage(visitors{func(c *config.Network) bool { return c.StatusAddress == w.at }}, w.at)
	}
	return n
}
