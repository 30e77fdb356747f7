package network

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// Inputs are the files a network works from that may change while it runs: its edge lists and the test object. They are
// read aside, checked, and taken up whole or not at all.
type Inputs struct {
	Edges  []config.Edge  // of all sources together, in their order
	Object *prober.Digest // nil without FILE

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
	in, faults := readInputs(c, func() *Inputs { return savedInputs(c) })
	var errs []error
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

// complete says whether there is a list for every file.
func (in *Inputs) complete(c *config.Network) bool {
	return !slices.ContainsFunc(c.Sources, func(s config.Source) bool { return s.File != "" && in.lists[s.File] == nil })
}

// savedInputs finds the last good versions of the files in the network's state; it is empty when there is none.
func savedInputs(c *config.Network) *Inputs {
	in := &Inputs{lists: map[string][]config.Edge{}}
	if c.State == "" {
		return in
	}
	loaded, err := state.Read(stateDir(c))
	if err != nil || !loaded.Found {
		return in
	}
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
