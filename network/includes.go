package network

import (
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/state"
	"github.com/deflect-ca/coredns-edgemanage/zonefile"
)

// include is what is known of one file of the includes. The network's goroutine and the watcher share it; only text
// changes after both have it, and belongs to the former.
type include struct {
	path   string
	last   *zonefile.Include // last good version; nil when there was none
	text   []byte            // of last, until it is handed to the state
	seen   signature         // of the file when it was read
	bad    bool              // the file is not what last was made of
	unread string            // why the file could not even be read, which a look at it need not show to be over
}

// read reads the file and makes it the last good version, if it is one. One that says what the last one did changes
// nothing.
func (i *include) read(zone string, labels []string) error {
	parsed, text, err := i.parse(zone, labels)
	if err != nil {
		i.bad = true
		return err
	}
	i.bad = false
	if i.last == nil || i.last.Digest != parsed.Digest {
		i.last, i.text = parsed, text
	}
	return nil
}

func (i *include) parse(zone string, labels []string) (*zonefile.Include, []byte, error) {
	i.unread = ""
	text, err := zonefile.ReadText(i.path)
	if err != nil {
		err = fmt.Errorf("reading include %q: %w", i.path, err)
		i.unread = err.Error()
		return nil, nil, err
	}
	parsed, err := zonefile.ParseInclude(i.path, zone, labels, text)
	return parsed, text, err
}

// readIncludes reads all includes of a network. A bad one is replaced by its last good version in the state, or has none;
// it never concerns another zone. So is the whole directory, if it cannot be read; without a version of any zone that is
// the error.
func readIncludes(c *config.Network, saved *savedState) (includes map[string]*include, faults []FileFault, notes []error, err error) {
	files, notes, err := zonefile.ZonesIn(c.Includes)
	if err == nil && len(files) == 0 {
		err = emptied(0, len(saved.includes()))
	}
	if err != nil {
		err = unreadable(c, err)
		if includes = saved.includes(); len(includes) == 0 {
			return nil, nil, nil, err
		}
		return includes, []FileFault{{c.Includes, err}}, nil, nil
	}
	includes = make(map[string]*include, len(files))
	for zone, path := range files {
		includes[zone] = &include{path: path}
	}
	for zone, err := range readAll(includes, c.Labels) {
		inc := includes[zone]
		faults = append(faults, FileFault{inc.path, err})
		inc.last = saved.include(zone, inc.path)
	}
	slices.SortStableFunc(faults, func(a, b FileFault) int { return strings.Compare(a.File, b.File) })
	return includes, faults, notes, nil
}

// readAll reads includes, on all processors since a start waits for it, and returns what is wrong with those that are bad,
// by zone.
func readAll(includes map[string]*include, labels []string) map[string]error {
	var mu sync.Mutex
	bad := map[string]error{}
	zones := make(chan string)
	var reading sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		reading.Go(func() {
			for zone := range zones {
				inc := includes[zone]
				inc.seen = look(inc.path)
				if err := inc.read(zone, labels); err != nil {
					mu.Lock()
					bad[zone] = err
					mu.Unlock()
				}
			}
		})
	}
	for zone := range includes {
		zones <- zone
	}
	close(zones)
	reading.Wait()
	return bad
}

// emptied is an error where not one of several includes is left. A file system that is not mounted looks like that, and
// would take all zones away at once; who wants to have none of them takes them away in two steps, or the property.
func emptied(are, were int) error {
	if are > 0 || were < 2 {
		return nil
	}
	return fmt.Errorf("no zone file is there, where %d were: the zones are kept", were)
}

func unreadable(c *config.Network, err error) error {
	return fmt.Errorf("reading includes %q: %w", c.Includes, err)
}

// savedState finds last good versions in the state of a network, which it reads when it is first asked for one.
type savedState struct {
	config *config.Network
	loaded *state.Loaded
}

func (s *savedState) load() *state.Loaded {
	if s.loaded == nil {
		s.loaded = &state.Loaded{}
		if s.config.State != "" {
			if l, err := state.Read(stateDir(s.config)); err == nil {
				s.loaded = l
			}
		}
	}
	return s.loaded
}

func (s *savedState) close() {
	if s.loaded != nil {
		s.loaded.Close()
	}
}

// include returns the saved include of a zone, or nil. The path is for messages.
func (s *savedState) include(zone, path string) *zonefile.Include {
	text, err := s.load().Include(zone)
	if err != nil {
		return nil
	}
	inc, err := zonefile.ParseInclude(path, zone, s.config.Labels, text)
	if err != nil {
		return nil
	}
	return inc
}

// includes returns all that are saved.
func (s *savedState) includes() map[string]*include {
	includes := map[string]*include{}
	for zone := range s.load().Document.Zones {
		name, err := zonefile.FileName(zone)
		if err != nil {
			continue
		}
		path := filepath.Join(s.config.Includes, name)
		if inc := s.include(zone, path); inc != nil {
			includes[zone] = &include{path: path, last: inc, bad: true}
		}
	}
	return includes
}

// gotIncludes takes up what the watcher found.
func (n *Network) gotIncludes(r rewritten) {
	for _, note := range r.notes {
		n.tell(Note{note.Error()})
	}
	for _, f := range r.faults {
		n.tell(ReloadFailed(f))
	}
	if len(r.includes)+len(r.gone) == 0 {
		return
	}
	mem := n.mem
	for zone, serial := range r.found {
		n.found[zone] = serial
	}
	includes := maps.Clone(mem.includes)
	grown := len(r.gone) > 0
	for zone, inc := range r.includes {
		grown = grown || includes[zone] == nil
		includes[zone] = inc
		n.keep(zone, inc)
		n.touch(zone)
	}
	for _, zone := range r.gone {
		delete(includes, zone)
		n.unkeep(zone)
		n.touch(zone)
	}
	mem.includes, n.includes = includes, includes
	if grown {
		n.listZones()
		n.zonesMoved = true
	}
	n.decide()
}

// takeIncludes makes the includes that were read before the start the ones worked from.
func (n *Network) takeIncludes() {
	mem := n.mem
	sameLabels := slices.Equal(mem.labels, n.config.Labels)
	for zone, inc := range n.includes {
		if before := mem.includes[zone]; before != nil && before.last != nil && sameLabels {
			// Of one that is bad at a reload this process knows the last good version better than the state, if there is one.
			// And what did not change stays itself, so that nothing is made anew of it.
			if inc.bad || inc.last != nil && inc.last.Digest == before.last.Digest {
				inc.last = before.last
			}
		}
		n.keep(zone, inc)
	}
	for zone := range mem.kept {
		if n.includes[zone] == nil {
			n.unkeep(zone)
		}
	}
	mem.labels, mem.includes = n.config.Labels, n.includes
	n.listZones()
	n.zonesMoved, n.touchedAll = true, true
}

// keep tells what is odd about an include that was read, and has it kept in the state.
func (n *Network) keep(zone string, inc *include) {
	text := inc.text
	if text == nil {
		return
	}
	inc.text = nil
	for _, note := range inc.last.Notes {
		n.tell(Note{note.Error()})
	}
	if print := includePrint(inc.last); n.mem.store != nil && n.mem.kept[zone] != print {
		n.mem.store.SaveInclude(zone, text)
		n.mem.kept[zone] = print
	}
}

// unkeep has the state forget the include of a zone that is gone.
func (n *Network) unkeep(zone string) {
	if n.mem.store != nil && n.mem.kept[zone] != "" {
		n.mem.store.DropInclude(zone)
	}
	delete(n.mem.kept, zone)
}
