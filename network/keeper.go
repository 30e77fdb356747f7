package network

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/internal/outfile"
	"github.com/deflect-ca/coredns-edgemanage/legacy"
)

// writers starts the writers of all files outside the state.
func (n *Network) writers(ctx context.Context) (all []<-chan struct{}) {
	c := n.config
	if c.ZoneFiles != "" && !c.DryRun {
		settling := n.mem.settling
		all = append(all, n.aside(ctx, lane{c.Name, "zonefiles", c.ZoneFiles}, zonesHang, func(w *watchdog) { n.writeZones(ctx, n.files, settling, w) }))
	}
	if n.mute() {
		return all
	}
	if c.LiveList != "" {
		all = append(all, n.aside(ctx, lane{c.Name, "live_list", c.LiveList}, fileHangs, func(w *watchdog) {
			n.keepUp(ctx, n.listed, w, func(s *Status, _ bool) []error { return n.writeLive(s, w) })
		}))
	}
	if c.Legacy != "" {
		past := n.past
		n.past = nil // the writer's now, which drops the oldest as others come
		all = append(all, n.aside(ctx, lane{c.Name, "legacy", c.Legacy}, fileHangs, func(w *watchdog) {
			n.keepUp(ctx, n.kept, w, newLegacyWriter(n, past, w).write)
		}))
	}
	return all
}

// keepUp keeps files for scripts or for the Python edgemanage up until the context ends. It has written at once what an operator
// or a change of the set is behind, the rest once a round, and everything once more at the end.
func (n *Network) keepUp(ctx context.Context, wake <-chan struct{}, w *watchdog, write func(s *Status, round bool) []error) {
	told := map[string]bool{} // causes of the trouble that lasts
	bring := func(round bool) {
		s := n.Status()
		if s == nil {
			return
		}
		errs := write(s, round)
		w.rest()
		for _, err := range byCause(errs, told, "files") {
			n.tell(FileFailed{err})
		}
		if round { // every file was looked at: what is not among its errors is over
			here := causes(errs)
			maps.DeleteFunc(told, func(cause string, _ bool) bool { return !here[cause] })
		}
	}
	timer := time.NewTimer(n.config.Interval)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			bring(true)
			return
		case <-wake:
			bring(false)
		case <-timer.C:
			bring(true)
			timer.Reset(n.config.Interval)
		}
	}
}

// writeLive writes the names of what is answered, of both families. While nothing is, the last list stays: who reads it had
// better go on with that than with nothing.
func (n *Network) writeLive(s *Status, w *watchdog) []error {
	var names []string
	for _, f := range s.Families {
		names = append(names, f.Live...)
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	text := []byte(strings.Join(slices.Compact(names), "\n") + "\n")
	path := n.config.LiveList
	w.watch(fmt.Sprintf("writing live list %q", path))
	if err := replaceFile(path, text); err != nil {
		return []error{fmt.Errorf("writing live list %q: %w", path, reason(err))}
	}
	return nil
}

// replaceFile replaces a file, unless it is as it should be. Whatever else is there gives way.
func replaceFile(path string, text []byte) error {
	root, err := outfile.OpenDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer root.Close()
	name := filepath.Base(path)
	if there, err := outfile.Read(root, name, int64(len(text))+1); err == nil && bytes.Equal(there, text) {
		return nil
	}
	return outfile.Replace(root, name, text, true)
}

// samples are those that wait to be written to the files of legacy, by edge.
type samples struct {
	mu   sync.Mutex
	news map[string][]legacy.Sample
}

// add queues one. While nothing takes them the newest of each edge stay.
func (s *samples) add(edge string, sample legacy.Sample, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.news == nil {
		s.news = map[string][]legacy.Sample{}
	}
	all := append(s.news[edge], sample)
	s.news[edge] = all[max(0, len(all)-most):]
}

func (s *samples) take() map[string][]legacy.Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	news := s.news
	s.news = nil
	return news
}

// mtime is when a file was changed, as the Python tool has it.
func mtime(path string) (legacy.Time, bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, false
	}
	return legacy.TimeOf(info.ModTime()), true
}
