package network

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/zonefile"
)

// rewritten is what the watcher of the includes sends: files that were read again, and those that are gone.
type rewritten struct {
	includes map[string]*include
	gone     []string
	faults   []FileFault
	notes    []error           // what else is in the directory and is left alone
	found    map[string]uint32 // serials of the zone files that zones which are new have already
}

func (r *rewritten) empty() bool { return len(r.includes)+len(r.gone)+len(r.faults)+len(r.notes) == 0 }

// includeWatcher polls the directory of includes. It belongs to its goroutine, as the disk may be slow.
type includeWatcher struct {
	config *config.Network
	known  map[string]*include  // as last sent
	last   map[string]signature // of all files, when they were last looked at
	told   map[string]bool      // what was told of the directory, by the inputs too
	lost   string               // why it cannot be read
}

// watchIncludes sends what changes in the directory of includes. A file is read once it has looked the same twice in a
// row; one that is gone is given up after being away as long, since editors replace files in two steps.
func watchIncludes(ctx context.Context, c *config.Network, known map[string]*include, told map[string]bool, out chan<- rewritten) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	w := newIncludeWatcher(c, known, told)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r := w.poll()
		if r.empty() {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case out <- r:
		}
	}
}

func newIncludeWatcher(c *config.Network, known map[string]*include, told map[string]bool) *includeWatcher {
	w := &includeWatcher{config: c, known: maps.Collect(maps.All(known)), last: map[string]signature{}, told: maps.Collect(maps.All(told))}
	for zone, inc := range known {
		w.last[zone] = inc.seen
	}
	return w
}

// poll looks at the directory once.
func (w *includeWatcher) poll() (r rewritten) {
	files, notes, err := zonefile.ZonesIn(w.config.Includes)
	if err == nil {
		err = emptied(len(files), len(w.known))
	}
	if err != nil {
		err = unreadable(w.config, err)
		w.lost = err.Error()
		if w.isNews(err) {
			r.faults = []FileFault{{w.config.Includes, err}}
		}
		return r
	}
	delete(w.told, w.lost) // the next time is news
	for _, note := range notes {
		if w.isNews(note) {
			r.notes = append(r.notes, note)
		}
	}
	now := make(map[string]signature, len(files))
	for zone, path := range files {
		now[zone] = look(path)
		w.reread(&r, zone, path, now[zone])
	}
	for zone := range w.known {
		_, here := files[zone]
		_, was := w.last[zone]
		if !here && !was {
			r.gone = append(r.gone, zone)
			delete(w.known, zone)
		}
	}
	slices.Sort(r.gone)
	w.last = now
	return r
}

// reread reads a file that moved and has come to rest.
func (w *includeWatcher) reread(r *rewritten, zone, path string, sig signature) {
	before := w.known[zone]
	moved := before == nil || before.path != path || !sig.same(before.seen)
	if !moved && before.unread == "" {
		return
	}
	if last, ok := w.last[zone]; !ok || !last.same(sig) {
		return // it may still be being written
	}
	inc := &include{path: path, seen: sig}
	if before != nil {
		inc.last = before.last
	}
	err := inc.read(zone, w.config.Labels)
	if !moved && inc.unread == before.unread {
		return // as unreadable as before
	}
	if err != nil {
		r.faults = append(r.faults, FileFault{path, err})
	}
	if r.includes == nil {
		r.includes, r.found = map[string]*include{}, map[string]uint32{}
	}
	r.includes[zone], w.known[zone] = inc, inc
	if before == nil {
		if serial := fileSerial(w.config, zone); serial != 0 {
			r.found[zone] = serial
		}
	}
}

// isNews says whether something about the directory is to be told, which it is once.
func (w *includeWatcher) isNews(err error) bool {
	text := err.Error()
	news := !w.told[text]
	w.told[text] = true
	return news
}
