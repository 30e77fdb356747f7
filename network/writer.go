package network

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/zonefile"
)

// rewriteAfter is how long a zone file that could not be written waits for another try.
const rewriteAfter = 5 * time.Second

// fileWriter writes the zone files of a network, in a goroutine of its own: a disk that is slow delays no decision, and a
// change that comes while it writes is written after it. It belongs to that goroutine.
type fileWriter struct {
	network  *Network
	template *zonefile.Template
	dir      *zonefile.Directory // nil until it could be opened, and after trouble
	written  map[string]version  // what the file of a zone holds
	gone     map[string]time.Time
	told     map[string]bool // causes of the trouble that lasts
}

// version tells what a zone file was made of.
type version struct {
	generation uint64
	zone       *ZoneState
}

// writeZones runs until the context ends. wake is sent to after each publication, settling has who waits for its files.
func (n *Network) writeZones(ctx context.Context, wake <-chan struct{}, settling *settling) {
	w := &fileWriter{
		network: n, template: Template(n.config),
		written: map[string]version{}, gone: map[string]time.Time{}, told: map[string]bool{},
	}
	defer w.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-timer.C:
		}
		next, waiting := n.config.Interval, settling.take()
		errs := w.write(ctx)
		if ctx.Err() != nil {
			settling.putBack(waiting)
			return
		}
		settle(waiting)
		if len(errs) > 0 {
			next = min(next, rewriteAfter)
			w.tell(errs)
			w.close() // the directory may be another one the next time
		} else {
			clear(w.told)
		}
		timer.Reset(next)
	}
}

func (w *fileWriter) close() {
	if w.dir != nil {
		w.dir.Close()
		w.dir = nil
	}
}

// write brings the directory up to date. What cannot be written keeps nothing else from being.
func (w *fileWriter) write(ctx context.Context) (errs []error) {
	if w.dir != nil && !w.dir.Present() {
		w.close()
	}
	if w.dir == nil {
		dir, err := zonefile.OpenDirectory(w.network.config.ZoneFiles)
		if err != nil {
			return []error{err}
		}
		w.dir = dir
	}
	s, there := w.network.Snapshot(), w.dir.Zones()
	for _, zone := range s.names {
		if ctx.Err() != nil {
			return nil
		}
		v := version{s.Generation, s.Zones[zone]}
		_, here := slices.BinarySearch(there, zone)
		if here && w.written[zone] == v || !s.Complete(zone) {
			continue
		}
		if _, err := w.dir.Put(zone, Records(w.template, s, zone)); err != nil {
			errs = append(errs, err)
			continue
		}
		w.written[zone] = v
	}
	return append(errs, w.remove(there, s.names)...)
}

// remove takes away the files of zones that have been gone for an interval: a zone that a mistake took away for a moment
// does not vanish from its secondaries. Other networks may write to the directory too.
func (w *fileWriter) remove(there, zones []string) (errs []error) {
	now := time.Now()
	for _, zone := range there {
		_, ours := slices.BinarySearch(zones, zone)
		if ours || w.network.claimed != nil && w.network.claimed(zone) {
			delete(w.gone, zone)
			continue
		}
		since, known := w.gone[zone]
		if !known {
			w.gone[zone] = now
			continue
		}
		if now.Sub(since) < w.network.config.Interval {
			continue
		}
		if err := w.dir.Remove(zone); err != nil {
			errs = append(errs, err)
			continue
		}
		delete(w.gone, zone)
		delete(w.written, zone)
	}
	return errs
}

// tell tells of trouble once: of each cause its first error, however many files it concerns.
func (w *fileWriter) tell(errs []error) {
	for _, err := range errs {
		cause := err
		for errors.Unwrap(cause) != nil {
			cause = errors.Unwrap(cause)
		}
		if w.told[cause.Error()] {
			continue
		}
		w.told[cause.Error()] = true
		if len(errs) > 1 {
			err = fmt.Errorf("%w (%d zones have trouble in all)", err, len(errs))
		}
		w.network.tell(ZoneFilesFailed{err})
	}
}
