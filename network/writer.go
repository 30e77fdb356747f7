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
	watchdog *watchdog
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
func (n *Network) writeZones(ctx context.Context, wake <-chan struct{}, settling *settling, watchdog *watchdog) {
	w := &fileWriter{
		network: n, template: Template(n.config), watchdog: watchdog,
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
		watchdog.rest()
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
	w.watchdog.watch(fmt.Sprintf("opening zone files %q", w.network.config.ZoneFiles))
	if err := w.open(); err != nil {
		return []error{err}
	}
	s, there := w.network.Snapshot(), w.dir.Zones()
	_, errs = w.put(ctx, s, there)
	if ctx.Err() != nil {
		return nil
	}
	return append(errs, w.remove(there, s.names)...)
}

// open opens the directory, unless it is and still stands where it was.
func (w *fileWriter) open() error {
	if w.dir != nil && !w.dir.Present() {
		w.close()
	}
	if w.dir != nil {
		return nil
	}
	dir, err := zonefile.OpenDirectory(w.network.config.ZoneFiles)
	if err == nil {
		w.dir = dir
	}
	return err
}

// put writes the zones of a snapshot, but for files that are there and have been written by w as they should be. It says
// how many it changed.
func (w *fileWriter) put(ctx context.Context, s *Snapshot, there []string) (changed int, errs []error) {
	for _, zone := range s.names {
		if ctx.Err() != nil {
			return changed, errs
		}
		v := version{s.Generation, s.Zones[zone]}
		_, here := slices.BinarySearch(there, zone)
		if here && w.written[zone] == v || !s.Complete(zone) {
			continue
		}
		w.watchdog.watch(fmt.Sprintf("writing the file of zone %q", zone))
		wrote, err := w.dir.Put(zone, Records(w.template, s, zone))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if wrote {
			changed++
		}
		w.written[zone] = v
	}
	return changed, errs
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
		w.watchdog.watch(fmt.Sprintf("removing the file of zone %q", zone))
		if err := w.dir.Remove(zone); err != nil {
			errs = append(errs, err)
			continue
		}
		delete(w.gone, zone)
		delete(w.written, zone)
	}
	return errs
}

// tell tells of trouble once.
func (w *fileWriter) tell(errs []error) {
	for _, err := range byCause(errs, w.told, "zones") {
		w.network.tell(ZoneFilesFailed{err})
	}
}

// byCause is of each cause that has not been told of its first error, however many files, called what, it concerns.
func byCause(errs []error, told map[string]bool, what string) (first []error) {
	for _, err := range errs {
		cause := causeOf(err)
		if told[cause] {
			continue
		}
		told[cause] = true
		if len(errs) > 1 {
			err = fmt.Errorf("%w (%d %s have trouble in all)", err, len(errs), what)
		}
		first = append(first, err)
	}
	return first
}

// causeOf is what is at the bottom of an error, without the file that it concerns.
func causeOf(err error) string {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err.Error()
}

// causes are those of errors.
func causes(errs []error) map[string]bool {
	all := map[string]bool{}
	for _, err := range errs {
		all[causeOf(err)] = true
	}
	return all
}
