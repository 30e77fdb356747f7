package edgemanage

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// An entrance is where operators find a door of this process: the path of a control socket, or the address of a status page.
type entrance struct{ property, at string }

// A caller answers what comes in at a door. Serve may be called for several listeners; Close ends all connections within a
// bounded time, however their clients behave, and waits for Serve.
type caller interface {
	Serve(net.Listener) error
	Close()
}

// A door is a control socket or a status page. Whoever it answers sees the engine that is active at that moment, so it
// outlives engines: a reload carries it over with the connections that it has.
type door struct {
	entrance entrance
	listen   func(group string) (net.Listener, error)
	caller   caller
	quit     chan struct{} // closed by close
	wg       sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener // nil while it is not open
	serving  bool
	closed   bool
	group    string // of the socket; "" is the process's own
}

// open makes the socket or takes the address, unless it has done so. Who knocks waits until serve.
func (d *door) open() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listener != nil || d.closed {
		return nil
	}
	l, err := d.listen(d.group)
	if err != nil {
		return err
	}
	d.listener = l
	if d.serving {
		d.answer(l)
	}
	return nil
}

// serve begins to answer, and from then on opens the door every so often if it is not: because the disk refuses the
// socket, or because somebody removed it. It is to be called once.
func (d *door) serve(again time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.serving = true
	if d.listener != nil {
		d.answer(d.listener)
	}
	if d.entrance.property == controlProperty {
		d.wg.Go(func() { d.keep(again) })
	}
}

// answer serves a listener. The lock is held.
func (d *door) answer(l net.Listener) {
	d.wg.Go(func() {
		err := d.caller.Serve(l)
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.listener == l { // nobody has closed it
			log.Errorf("Serving %s %s: %v", d.entrance.property, d.entrance.at, err)
			d.listener = nil
			l.Close()
		}
	})
}

// keep keeps the socket in its place until the door is closed. It logs the first of a row of failures.
func (d *door) keep(again time.Duration) {
	tick := time.NewTicker(again)
	defer tick.Stop()
	troubled := false
	for {
		d.mu.Lock()
		d.missed()
		gone := d.listener == nil && !d.closed
		d.mu.Unlock()
		if gone {
			switch err := d.open(); {
			case err == nil:
				log.Infof("The control socket %s is open", d.entrance.at)
				troubled = false
			case !troubled:
				log.Errorf("Opening the control socket %s: %v; answers and probes go on, it is tried again every %s", d.entrance.at, err, again)
				troubled = true
			}
		}
		select {
		case <-tick.C:
		case <-d.quit:
			return
		}
	}
}

// missed gives up a socket whose file somebody removed: no client finds it any more. The lock is held.
func (d *door) missed() {
	if d.listener == nil {
		return
	}
	if _, err := os.Lstat(d.entrance.at); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	log.Warningf("The control socket %s was removed: making it again", d.entrance.at)
	d.shut()
}

// shut closes the listener, and with it removes the socket. The lock is held.
func (d *door) shut() {
	if d.listener == nil {
		return
	}
	l := d.listener
	d.listener = nil
	if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		log.Warningf("Closing %s %s: %v", d.entrance.property, d.entrance.at, err)
	}
}

// close closes the door and waits until nobody is in it any more.
func (d *door) close() {
	d.mu.Lock()
	d.shut()
	d.closed = true
	close(d.quit)
	d.mu.Unlock()
	d.caller.Close()
	d.wg.Wait()
}

// regroup gives a socket that is open to another group, and back to the process's own for "".
func (d *door) regroup(group string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.group == group {
		return nil
	}
	if d.listener != nil {
		id, err := control.GroupID(group)
		if group == "" {
			id = os.Getegid() // not what it is: that of before
		}
		if err == nil {
			err = os.Lchown(d.entrance.at, -1, id)
		}
		if err != nil {
			return fmt.Errorf("giving control socket %q to group %q: %w", d.entrance.at, group, err)
		}
	}
	d.group = group
	return nil
}
