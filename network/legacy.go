package network

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/internal/outfile"
	"github.com/deflect-ca/coredns-edgemanage/legacy"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// legacyWriter keeps the files of the Python edgemanage up, so that it can take over again: DIR/<edge>.edgestore for each
// edge and canary, and DIR/<network>.state. That tool knows IPv4 alone, and so do they. It belongs to
// the goroutine that writes them.
type legacyWriter struct {
	network  *Network
	watchdog *watchdog
	stores   map[string]*legacyStore
	state    legacy.State
	known    bool // what was found in the directory has been read
}

// legacyStore is the store of one edge, and what of it is on the disk.
type legacyStore struct {
	legacy.Edgestore
	dirty bool
}

// mostLegacy bounds what grows with every round; the tool itself bounds fetch times and averages alike.
const mostLegacy = 2000

func newLegacyWriter(n *Network, past map[string][]legacy.Sample, watchdog *watchdog) *legacyWriter {
	w := &legacyWriter{network: n, watchdog: watchdog, stores: map[string]*legacyStore{}}
	for name, samples := range past {
		w.store(name).FetchTimes = samples
	}
	return w
}

// legacySample counts a failure as the timeout, as that tool does.
func (n *Network) legacySample(s history.Sample) legacy.Sample {
	took := s.Took
	if s.Failed {
		took = n.config.Timeout
	}
	return legacy.Sample{At: legacy.TimeOf(s.At), Seconds: took.Seconds()}
}

func (w *legacyWriter) store(name string) *legacyStore {
	s := w.stores[name]
	if s == nil {
		s = &legacyStore{Edgestore: legacy.Edgestore{Health: history.Pass.String(), Mode: selector.Available.String(), State: "out"}, dirty: true}
		w.stores[name] = s
	}
	return s
}

// write brings the directory up to date: the edges whose mode changed at once, all others, and the state, with a round.
func (w *legacyWriter) write(s *Status, round bool) (errs []error) {
	w.watchdog.watch(fmt.Sprintf("opening legacy %q", w.network.config.Legacy))
	root, err := w.open()
	if err != nil {
		return []error{fmt.Errorf("writing legacy %q: %w", w.network.config.Legacy, reason(err))}
	}
	defer root.Close()
	edges := legacyEdges(s)
	if !w.known {
		w.watchdog.watch(fmt.Sprintf("reading legacy %q", w.network.config.Legacy))
		w.recall(root, edges)
		w.known = true
	}
	urgent := w.update(s, edges, round)
	if !round {
		edges = urgent
	}
	for _, name := range slices.Sorted(maps.Keys(edges)) {
		store := w.store(name)
		if !store.dirty && exists(root, name+storeSuffix) {
			continue
		}
		if err := w.replace(root, name+storeSuffix, store.Encode()); err != nil {
			errs = append(errs, err)
			continue
		}
		store.dirty = false
	}
	if round || len(urgent) > 0 {
		w.summarize(s)
		if err := w.replace(root, w.network.config.Name+".state", w.state.Encode()); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// open opens the directory, which is made where it is missing, and the first time removes what a crash left half written.
func (w *legacyWriter) open() (*os.Root, error) {
	dir := w.network.config.Legacy
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := outfile.OpenDir(dir)
	if err != nil || w.known {
		return root, err
	}
	if err := outfile.RemoveLeftovers(root); err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

// replace replaces a file. It is not synced: after a crash of the machine the one before may be there, which the next round
// replaces.
func (w *legacyWriter) replace(root *os.Root, name string, content []byte) error {
	w.watchdog.watch(fmt.Sprintf("writing %q", filepath.Join(w.network.config.Legacy, name)))
	if err := outfile.Replace(root, name, content, false); err != nil {
		return fmt.Errorf("writing %q: %w", filepath.Join(w.network.config.Legacy, name), reason(err))
	}
	return nil
}

func exists(root *os.Root, name string) bool {
	_, err := root.Lstat(name)
	return err == nil
}

// legacyEdges are the edges and canaries of IPv4, by name.
func legacyEdges(s *Status) map[string]EdgeStatus {
	edges := map[string]EdgeStatus{}
	for _, f := range s.Families {
		if f.Family == IPv4 {
			for _, e := range f.Edges {
				edges[e.Name] = e
			}
		}
	}
	for _, c := range s.Canaries {
		if c.Family == IPv4 {
			e := c.Edge
			e.Live = false // a canary is never in the rotation of the network
			edges[e.Name] = e
		}
	}
	return edges
}

// update takes up what happened since. It returns the edges whose mode did: an operator took them out, or lets them in.
func (w *legacyWriter) update(s *Status, edges map[string]EdgeStatus, round bool) (urgent map[string]EdgeStatus) {
	urgent = map[string]EdgeStatus{}
	for name, news := range w.network.samples.take() {
		w.store(name).add(news)
	}
	at := legacy.TimeOf(s.At)
	for name, e := range edges {
		store := w.store(name)
		state := "out"
		if e.Live {
			state = "in"
		}
		health := e.Grade.String()
		if e.Grade == history.Unknown {
			health = history.Pass.String() // what that tool says of an edge it has not probed
		}
		store.set(&store.Health, health)
		store.set(&store.State, state)
		if round && e.Live {
			store.RotationHistory = append(store.RotationHistory, at)
			store.RotationHistory = store.RotationHistory[max(0, len(store.RotationHistory)-mostLegacy):]
			store.dirty = true
		}
		mode := s.Modes[name]
		comment := legacyComment(mode)
		if store.Mode != mode.Mode.String() {
			since := at
			if !mode.At.IsZero() {
				since = legacy.TimeOf(mode.At)
			}
			store.StateEntryTime = &since
		}
		if store.Mode != mode.Mode.String() || store.Comment != comment {
			store.Mode, store.Comment, store.dirty = mode.Mode.String(), comment, true
			urgent[name] = e
		}
	}
	maps.DeleteFunc(w.stores, func(name string, _ *legacyStore) bool { _, known := edges[name]; return !known })
	return urgent
}

func (s *legacyStore) set(field *string, value string) {
	if *field != value {
		*field, s.dirty = value, true
	}
}

// add takes samples up. The tool keeps the mean of all at the first minute of each hour.
func (s *legacyStore) add(news []legacy.Sample) {
	for _, sample := range news {
		s.FetchTimes = append(s.FetchTimes, sample)
		s.FetchTimes = s.FetchTimes[max(0, len(s.FetchTimes)-mostLegacy):]
		if sample.At.Time().UTC().Minute() == 0 {
			sum := 0.0
			for _, f := range s.FetchTimes {
				sum += f.Seconds
			}
			s.HistoricalAverage = append(s.HistoricalAverage, legacy.Sample{At: sample.At, Seconds: sum / float64(len(s.FetchTimes))})
			s.HistoricalAverage = s.HistoricalAverage[max(0, len(s.HistoricalAverage)-mostLegacy):]
		}
	}
	s.dirty = s.dirty || len(news) > 0
}

// legacyComment writes a comment as edge_conf does, with whoever made it.
func legacyComment(m Mode) string {
	if m.Mode == selector.Available || m.Comment == "" {
		return ""
	}
	author := m.Claimed
	if author == "" {
		author = m.Author
	}
	if author == "" {
		return m.Comment
	}
	return "[" + author + "] " + m.Comment
}

// keepSample hands a sample to who writes the files of legacy.
func (n *Network) keepSample(e *edge, f Family, at time.Time, took time.Duration, ok bool) {
	if f == IPv4 && n.config.Legacy != "" && !n.config.DryRun {
		n.samples.add(e.name, n.legacySample(history.Sample{At: at, Took: took, Failed: !ok}), mostLegacy)
	}
}
