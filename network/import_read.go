package network

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/legacy"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// imported is what the Python edgemanage left of a network.
type imported struct {
	document state.Document
	samples  []state.Sample       // by time
	released map[string]time.Time // when edges were made available again
	unknown  []string             // edges whose store has no sense, and so their mode
	denied   []error              // what is there and cannot be read at all
	notes    []string
}

const (
	storeSuffix = ".edgestore"
	maxStore    = 64 << 20 // bytes; the tool's own bound of 2,000 samples makes 100 kB, its unbounded history of rotations a few MB
	// importAuthor stands for whoever set a mode there without leaving a name.
	importAuthor = "the Python edgemanage"
)

// importPython reads what c.Import names. A file that cannot be read or has no sense costs only itself.
func importPython(c *config.Network, pins map[string]netip.Addr, now time.Time) *imported {
	im := &imported{released: map[string]time.Time{}, document: state.Document{Modes: map[string]state.Mode{}, Families: map[string]state.Family{}, Addresses: map[string]state.Addresses{}}}
	if c.Import.StateFile != "" {
		im.readState(c.Import.StateFile, pins, now)
	}
	if c.Import.HealthStore != "" {
		im.readStores(c, now)
	}
	slices.SortStableFunc(im.samples, func(a, b state.Sample) int { return a.At.Compare(b.At) })
	return im
}

func (im *imported) notef(format string, args ...any) {
	im.notes = append(im.notes, fmt.Sprintf("importing "+format, args...))
}

// readState takes the live set over, and when it changed.
func (im *imported) readState(path string, pins map[string]netip.Addr, now time.Time) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err == nil {
		defer root.Close()
	}
	var data []byte
	if err == nil {
		data, err = readIn(root, filepath.Base(path))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return // that tool never ran
	}
	if denied(err) {
		im.denied = append(im.denied, fmt.Errorf("statefile %q: %w", path, reason(err)))
		return
	}
	if err == nil && len(data) == 0 {
		err = errors.New("the file is empty")
	}
	var s legacy.State
	var notes []string
	if err == nil {
		s, notes, err = legacy.DecodeState(data, now)
	}
	if err != nil {
		im.notef("statefile %q: %v: the last live set is not known", path, err)
		return
	}
	for _, note := range notes {
		im.notef("statefile %q: %s", path, note)
	}
	family := state.Family{Addresses: map[string]netip.Addr{}, Rung: selector.Full.String()}
	for _, name := range s.LastLive {
		edge, err := config.EdgeName(name)
		if err != nil {
			im.notef("statefile %q: last_live: %v", path, err)
			continue
		}
		family.Live = append(family.Live, edge)
		if a, ok := pins[edge]; ok {
			family.Addresses[edge] = a
		}
	}
	if len(family.Addresses) < len(family.Live) {
		family.Rung = "" // the names have to be resolved, and a part of the set must not stand for all of it
	}
	for _, t := range s.RotationList {
		family.Substitutions = append(family.Substitutions, t.Time())
		family.Since = t.Time()
	}
	im.document.Families[IPv4.String()] = family
}

// readStores takes the histories and the modes over, of every edge and canary that has a store: modes belong to names, and
// stand for edges that are not configured too.
func (im *imported) readStores(c *config.Network, now time.Time) {
	dir := c.Import.HealthStore
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var entries []fs.DirEntry
	if err == nil {
		defer root.Close()
		entries, err = fs.ReadDir(root.FS(), ".")
	}
	if err != nil {
		im.denied = append(im.denied, fmt.Errorf("edgestores %q: %w", dir, reason(err)))
		return
	}
	for _, entry := range entries {
		base, ok := strings.CutSuffix(entry.Name(), storeSuffix)
		if !ok {
			continue
		}
		name, err := config.EdgeName(base)
		if err != nil {
			im.notef("edgestore %q: %v", filepath.Join(dir, entry.Name()), err)
			continue
		}
		switch err := im.readStore(root, entry.Name(), name, c, now); {
		case err == nil:
		case denied(err):
			im.denied = append(im.denied, fmt.Errorf("edgestore %q: %w", filepath.Join(dir, entry.Name()), reason(err)))
		default:
			im.unknown = append(im.unknown, name)
			im.notef("edgestore %q: %v", filepath.Join(dir, entry.Name()), reason(err))
		}
	}
}

func (im *imported) readStore(root *os.Root, file, name string, c *config.Network, now time.Time) error {
	data, err := readIn(root, file)
	if err != nil {
		return err
	}
	if len(data) == 0 {
		return errors.New("the file is empty") // the tool writes none such
	}
	e, notes, err := legacy.DecodeEdgestore(data, now)
	if err != nil {
		return err
	}
	for _, note := range notes {
		im.notef("edgestore %q: %s", file, note)
	}
	for _, s := range e.FetchTimes[max(0, len(e.FetchTimes)-c.History):] {
		took, outcome := time.Duration(s.Seconds*float64(time.Second)), prober.OK
		if s.Seconds >= c.Timeout.Seconds() {
			took, outcome = c.Timeout, prober.Timeout
		}
		im.samples = append(im.samples, state.Sample{Edge: name, At: s.At.Time(), Took: took, Outcome: outcome.String()})
	}
	if e.Mode == selector.Available.String() {
		if e.StateEntryTime != nil {
			im.released[name] = e.StateEntryTime.Time()
		}
		return nil
	}
	mode := state.Mode{Mode: e.Mode, Comment: e.Comment, Author: importAuthor, At: now}
	if author, comment, ok := strings.Cut(strings.TrimPrefix(e.Comment, "["), "] "); ok && strings.HasPrefix(e.Comment, "[") {
		mode.Author, mode.Comment = author, comment
	}
	if strings.TrimSpace(mode.Comment) == "" {
		mode.Comment = "imported without a comment"
	}
	if e.StateEntryTime != nil {
		mode.At = e.StateEntryTime.Time()
	}
	im.document.Modes[name] = mode
	return nil
}

// withdraw makes the edges unavailable whose mode is not known, since one of them may have been. They stay in where without
// them fewer than needed would be left: nobody could be answered then.
func (im *imported) withdraw(configured []string, needed int, now time.Time) (text string) {
	if len(im.unknown) == 0 {
		return ""
	}
	left := 0
	for _, name := range configured {
		if im.document.Modes[name].Mode != selector.Unavailable.String() && !slices.Contains(im.unknown, name) {
			left++
		}
	}
	names := strings.Join(im.unknown, ", ")
	if left < needed {
		return fmt.Sprintf("the modes of %s are not known, and they stay available, since only %d others are: look at them now", names, left)
	}
	for _, name := range im.unknown {
		im.document.Modes[name] = state.Mode{
			Mode: selector.Unavailable.String(), Author: importAuthor, At: now,
			Comment: "its edgestore cannot be read, so its mode is not known: set one",
		}
	}
	return fmt.Sprintf("the modes of %s are not known: they are unavailable until one is set", names)
}

// readIn reads a regular file of a directory.
func readIn(root *os.Root, name string) ([]byte, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	if info.Size() > maxStore {
		return nil, fmt.Errorf("%d bytes: expected at most %d", info.Size(), maxStore)
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it may have become a pipe since
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxStore))
}

// denied says whether a file is there and the system refuses to let it be read. That is no damage of a file: it is mended by
// giving the server the right, and whoever began without would have lost for good what all of them hold.
func denied(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && errno != syscall.ENOENT && errno != syscall.ELOOP
}

// reason takes the operation and the path off an error.
func reason(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// each hands the samples over as state.Loaded.EachHistory does.
func (im *imported) each(take func(edge string, ipv6 bool) func(state.Sample)) {
	of := map[string]func(state.Sample){}
	for _, s := range im.samples {
		add := of[s.Edge]
		if add == nil {
			add = take(s.Edge, s.IPv6)
			of[s.Edge] = add
		}
		add(s)
	}
}
