package network

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/state"
	"github.com/deflect-ca/coredns-edgemanage/zonefile"
)

// include is what is known of one file of the includes.
type include struct {
	path string
	last *zonefile.Include // last good version; nil when there was none
	text []byte            // of last, until it is handed to the state
	seen signature         // of the file when it was read
}

// readIncludes reads all includes of a network. A bad one is replaced by its last good version as saved gives it, or has
// none; it never concerns another zone. The error is that of the directory.
func readIncludes(c *config.Network, saved func(zone string) []byte) (map[string]*include, []FileFault, error) {
	files, notes, err := zonefile.ZonesIn(c.Includes)
	if err != nil {
		return nil, nil, fmt.Errorf("reading includes %q: %w", c.Includes, err)
	}
	var faults []FileFault
	for _, note := range notes {
		faults = append(faults, FileFault{c.Includes, note})
	}
	includes := make(map[string]*include, len(files))
	for zone, path := range files {
		inc := &include{path: path, seen: look(path)}
		if err := inc.read(zone, c.Labels); err != nil {
			faults = append(faults, FileFault{path, err})
			if text := saved(zone); text != nil {
				inc.last, _ = zonefile.ParseInclude(path, zone, c.Labels, text)
			}
		}
		includes[zone] = inc
	}
	return includes, faults, nil
}

// read reads the file and makes it the last good version, if it is one.
func (i *include) read(zone string, labels []string) error {
	text, err := os.ReadFile(i.path)
	if err != nil {
		return fmt.Errorf("reading include %q: %w", i.path, err)
	}
	parsed, err := zonefile.ParseInclude(i.path, zone, labels, text)
	if err != nil {
		return err
	}
	i.last, i.text = parsed, text
	return nil
}

// savedIncludes makes includes of what the state of a network has of them, for when their directory is gone.
func savedIncludes(c *config.Network) map[string]*include {
	if c.State == "" {
		return nil
	}
	loaded, err := state.Read(stateDir(c))
	if err != nil {
		return nil
	}
	includes := map[string]*include{}
	for zone := range loaded.Document.Zones {
		text, err := loaded.Include(zone)
		if err != nil || text == nil {
			continue
		}
		path := filepath.Join(c.Includes, zone)
		if inc, err := zonefile.ParseInclude(path, zone, c.Labels, text); err == nil {
			includes[zone] = &include{path: path, last: inc}
		}
	}
	return includes
}

// savedInclude returns a function that finds last good includes in the state of a network.
func savedInclude(c *config.Network) func(zone string) []byte {
	if c.State == "" {
		return func(string) []byte { return nil }
	}
	var loaded *state.Loaded
	return func(zone string) []byte {
		if loaded == nil {
			var err error
			if loaded, err = state.Read(stateDir(c)); err != nil {
				loaded = &state.Loaded{}
			}
		}
		text, err := loaded.Include(zone)
		if err != nil {
			return nil
		}
		return text
	}
}

// rewritten is what the watcher of the includes sends: files that were read again, and those that are gone.
type rewritten struct {
	includes map[string]*include
	gone     []string
	faults   []FileFault
}

func (r *rewritten) empty() bool { return len(r.includes)+len(r.gone)+len(r.faults) == 0 }

// includeWatcher polls the directory of includes. It belongs to its goroutine.
type includeWatcher struct {
	config  *config.Network
	known   map[string]*include // as last sent; the watcher changes none that it has sent
	last    map[string]signature
	missing bool // the directory, and that was told
	said    map[string]bool
}

// watchIncludes sends what changes in the directory of includes. A file is read once it has looked the same twice in a
// row; one that is gone is given up after being away as long, since editors replace files in two steps.
func watchIncludes(ctx context.Context, c *config.Network, known map[string]*include, out chan<- rewritten) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	w := &includeWatcher{config: c, known: maps.Clone(known), last: map[string]signature{}, said: map[string]bool{}}
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

func (w *includeWatcher) poll() (r rewritten) {
	files, notes, err := zonefile.ZonesIn(w.config.Includes)
	if err != nil {
		if !w.missing {
			r.faults = []FileFault{{w.config.Includes, fmt.Errorf("reading includes %q: %w", w.config.Includes, err)}}
		}
		w.missing = true
		return r
	}
	w.missing = false
	for _, note := range notes {
		if !w.said[note.Error()] {
			w.said[note.Error()] = true
			r.faults = append(r.faults, FileFault{w.config.Includes, note})
		}
	}
	now := make(map[string]signature, len(files))
	r.includes = map[string]*include{}
	for zone, path := range files {
		sig := look(path)
		now[zone] = sig
		before := w.known[zone]
		if before != nil && before.path == path && sig.same(before.seen) {
			continue
		}
		if last, ok := w.last[zone]; !ok || !last.same(sig) {
			continue // it may still be being written
		}
		inc := &include{path: path, seen: sig}
		if before != nil {
			inc.last = before.last
		}
		if err := inc.read(zone, w.config.Labels); err != nil {
			r.faults = append(r.faults, FileFault{path, err})
		}
		r.includes[zone], w.known[zone] = inc, inc
	}
	for _, zone := range slices.Sorted(maps.Keys(w.known)) {
		_, here := files[zone]
		_, was := w.last[zone]
		if !here && !was {
			r.gone = append(r.gone, zone)
			delete(w.known, zone)
		}
	}
	w.last = now
	return r
}

// gotIncludes takes up what the watcher found.
func (n *Network) gotIncludes(r rewritten) {
	for _, f := range r.faults {
		n.tell(ReloadFailed(f))
	}
	includes := maps.Clone(n.mem.includes)
	for zone, inc := range r.includes {
		includes[zone] = inc
	}
	for _, zone := range r.gone {
		delete(includes, zone)
	}
	n.takeIncludes(includes)
	n.decide()
}

// takeIncludes makes these the includes, and has their last good versions kept in the state.
func (n *Network) takeIncludes(includes map[string]*include) {
	mem := n.mem
	sameLabels := slices.Equal(mem.labels, n.config.Labels)
	for zone, inc := range includes {
		// Without a state directory only this process knows the last good version of an include that is bad at a reload.
		if before := mem.includes[zone]; inc.last == nil && before != nil && sameLabels {
			inc.last = before.last
		}
		if inc.text != nil {
			for _, note := range inc.last.Notes {
				n.tell(Note{note.Error()})
			}
		}
	}
	mem.labels = n.config.Labels
	if mem.store != nil {
		for zone, inc := range includes {
			if inc.text != nil && !strings.HasPrefix(mem.records[zone].print, includePrint(inc.last)) {
				mem.store.SaveInclude(zone, inc.text)
			}
			inc.text = nil
		}
		for zone := range mem.includes {
			if includes[zone] == nil {
				mem.store.DropInclude(zone)
			}
		}
	}
	grown := !sameKeys(mem.includes, includes)
	mem.includes, n.includes = includes, includes
	n.zonesMoved = n.zonesMoved || grown
}

func sameKeys[V any](a, b map[string]V) bool {
	if len(a) != len(b) {
		return false
	}
	for k := range a {
		if _, ok := b[k]; !ok {
			return false
		}
	}
	return true
}
