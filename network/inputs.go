package network

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/canary"
	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/zonefile"
)

// Inputs are the files a network works from that may change while it runs: its edge lists and the test object. They are
// read aside, checked, and taken up whole or not at all.
type Inputs struct {
	Edges  []config.Edge  // of all sources together, in their order
	Object *prober.Digest // nil without FILE

	Canaries     []canary.Entry
	canariesLost bool // their file is bad; Canaries are its last good version, nil where none was found

	includes map[string]*include // as they were at the start; later ones come from their own watcher

	// Notes are lines for the log about what was dropped; Faults tell which files could not be read although a last good
	// version of them is used.
	Notes  []string
	Faults []FileFault

	lists map[string][]config.Edge // last good list of each file, for the state
	seen  map[string]signature     // what each file looked like when it was read
}

// FileFault is one file that could not be taken up.
type FileFault struct {
	File string
	Err  error
}

// ReadInputs reads the files of a network. A file that cannot be read or has a fault is replaced by its last good
// version in the network's state, if there is one, and named in Faults: a restart with a broken list in the middle of an
// attack must answer. Without one the error names every fault of every file.
func ReadInputs(c *config.Network) (*Inputs, error) {
	saved := &savedState{config: c}
	defer saved.close()
	in, faults := readInputs(c, saved.inputs)
	var errs []error
	if c.Includes != "" {
		includes, bad, notes, err := readIncludes(c, saved)
		if err != nil {
			errs = append(errs, err)
		}
		if in != nil {
			in.includes = includes
			in.Faults = append(in.Faults, bad...)
			for _, note := range notes {
				in.Notes = append(in.Notes, note.Error())
			}
		}
	}
	for _, f := range faults {
		errs = append(errs, f.Err)
	}
	return in, errors.Join(errs...)
}

// readInputs reads all files anew. last gives the last good versions and is asked only when a file has a fault. The
// faults it returns are those for which there was no such version; in is nil then.
func readInputs(c *config.Network, last func() *Inputs) (in *Inputs, fatal []FileFault) {
	in = &Inputs{lists: map[string][]config.Edge{}, seen: map[string]signature{}}
	last = sync.OnceValue(last)
	for _, s := range c.Sources {
		if s.File == "" {
			continue
		}
		in.seen[s.File] = look(s.File)
		edges, notes, err := config.ReadEdges(s.File)
		if err != nil {
			fault := FileFault{s.File, err}
			if edges = last().lists[s.File]; edges == nil {
				fatal = append(fatal, fault)
				continue
			}
			in.Faults = append(in.Faults, fault)
		}
		in.Notes = append(in.Notes, notes...)
		in.lists[s.File] = edges
	}
	if c.Object.File != "" {
		in.seen[c.Object.File] = look(c.Object.File)
		digest, err := prober.ReadObject(c.Object.File)
		in.Object = &digest
		if err != nil {
			fault := FileFault{c.Object.File, err}
			if in.Object = last().Object; in.Object == nil {
				fatal = append(fatal, fault)
			} else {
				in.Faults = append(in.Faults, fault)
			}
		}
	}
	if c.Canaries != "" {
		in.seen[c.Canaries] = look(c.Canaries)
		if fault := in.readCanaries(c); fault != nil {
			in.Canaries = last().Canaries
			in.canariesLost = true
			in.Faults = append(in.Faults, FileFault{c.Canaries, fault})
		}
	}
	if len(fatal) > 0 {
		return nil, fatal
	}
	err := in.merge(c)
	if err == nil {
		return in, nil
	}
	// Files that are good each for itself and contradict one another: none of them is taken up.
	fault := FileFault{c.Name, fmt.Errorf("edges of network %s: %w", c.Name, err)}
	in.lists = last().lists
	if !in.complete(c) || in.merge(c) != nil {
		return nil, []FileFault{fault}
	}
	in.Faults = append(in.Faults, fault)
	return in, nil
}

// readCanaries reads the canaries file. Entries that cannot be used are noted; the error is that of the whole file.
func (in *Inputs) readCanaries(c *config.Network) error {
	text, err := zonefile.ReadText(c.Canaries)
	if err != nil {
		return fmt.Errorf("reading canaries %q: %w", c.Canaries, err)
	}
	entries, notes, err := canary.Parse(c.Canaries, text)
	if err != nil {
		return err
	}
	in.Canaries = entries
	for _, note := range notes {
		in.Notes = append(in.Notes, note.Error())
	}
	return nil
}

// merge makes Edges of the lists and of the edges that stand in the Corefile itself.
func (in *Inputs) merge(c *config.Network) error {
	lists := make([][]config.Edge, 0, len(c.Sources))
	for _, s := range c.Sources {
		if s.File == "" {
			lists = append(lists, []config.Edge{s.Edge})
		} else {
			lists = append(lists, in.lists[s.File])
		}
	}
	edges, notes, err := config.MergeEdges(lists...)
	if err != nil {
		return err
	}
	in.Edges, in.Notes = edges, append(in.Notes, notes...)
	return nil
}

// told are the texts of what is told of the inputs.
func (in *Inputs) told() map[string]bool {
	told := map[string]bool{}
	for _, note := range in.Notes {
		told[note] = true
	}
	for _, f := range in.Faults {
		told[f.Err.Error()] = true
	}
	return told
}

// complete says whether there is a list for every file.
func (in *Inputs) complete(c *config.Network) bool {
	return !slices.ContainsFunc(c.Sources, func(s config.Source) bool { return s.File != "" && in.lists[s.File] == nil })
}

// inputs finds the last good versions of the files; it is empty when there is none.
func (s *savedState) inputs() *Inputs {
	c, loaded := s.config, s.load()
	in := &Inputs{lists: map[string][]config.Edge{}}
	for zone, z := range loaded.Document.Zones {
		if z.Canary.IsValid() {
			in.Canaries = append(in.Canaries, canary.Entry{Zone: zone, Addr: z.Canary})
		}
	}
	slices.SortFunc(in.Canaries, func(a, b canary.Entry) int { return strings.Compare(a.Zone, b.Zone) })
	for file, entries := range loaded.Document.Edges {
		for _, e := range entries {
			in.lists[file] = append(in.lists[file], config.Edge{Name: e.Name, Addrs: e.Addresses})
		}
	}
	if d, ok := loaded.Document.Object[c.Object.File]; ok {
		if digest, ok := loadDigest(d); ok {
			in.Object = &digest
		}
	}
	return in
}

// stateDir is the directory of one network's state.
func stateDir(c *config.Network) string { return filepath.Join(c.State, c.Name) }

// signature tells two versions of a file apart without reading it. The inode is part of it because an atomic
// replacement may keep size and time.
type signature struct {
	info  os.FileInfo // nil when the file could not be looked at
	mtime time.Time
	size  int64
	err   string
}

func look(path string) signature {
	info, err := os.Stat(path)
	if err != nil {
		return signature{err: err.Error()}
	}
	return signature{info: info, mtime: info.ModTime(), size: info.Size()}
}

func (s signature) same(o signature) bool {
	if s.info == nil || o.info == nil {
		return s.info == nil && o.info == nil && s.err == o.err
	}
	return os.SameFile(s.info, o.info) && s.mtime.Equal(o.mtime) && s.size == o.size
}
