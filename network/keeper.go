package network

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/renameio/v2"

	"github.com/deflect-ca/coredns-edgemanage/legacy"
)

// keeper writes the files for scripts and for the Python edgemanage, the live list and what legacy names, in a goroutine of
// its own: a disk that is slow delays no decision.
type keeper struct {
	network *Network
	live    []byte // what the live list holds; nil: not known
	legacy  *legacyWriter
	told    map[string]bool // causes of the trouble that lasts, by file
}

// samples are those that wait for the keeper, by edge.
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

// keeps says whether there are such files to write.
func (n *Network) keeps() bool {
	return !n.mute() && (n.config.LiveList != "" || n.config.Legacy != "")
}

// keepFiles runs until the context ends. It writes at once what an operator or a change of the set is behind, the rest once
// an interval, and everything once more at the end.
func (n *Network) keepFiles(ctx context.Context) {
	k := &keeper{network: n, told: map[string]bool{}}
	if n.config.Legacy != "" {
		k.legacy = newLegacyWriter(n)
	}
	timer := time.NewTimer(n.config.Interval)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			k.write(true)
			return
		case <-n.kept:
			k.write(false)
		case <-timer.C:
			k.write(true)
			timer.Reset(n.config.Interval)
		}
	}
}

// write brings the files up to date; round says whether those of a round are due.
func (k *keeper) write(round bool) {
	n := k.network
	s := n.Status()
	if s == nil {
		return
	}
	if n.config.LiveList != "" {
		k.tell(n.config.LiveList, k.writeLive(s))
	}
	if k.legacy != nil {
		k.tell(n.config.Legacy, k.legacy.write(s, round))
	}
}

// writeLive writes the names of what is answered, of both families. While nothing is, the last list stays: who reads it had
// better go on with that than with nothing.
func (k *keeper) writeLive(s *Status) error {
	var names []string
	for _, f := range s.Families {
		names = append(names, f.Live...)
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	text := []byte(strings.Join(slices.Compact(names), "\n") + "\n")
	path := k.network.config.LiveList
	if k.live == nil {
		k.live, _ = os.ReadFile(path)
	} else if _, err := os.Lstat(path); err != nil {
		k.live = nil
	}
	if bytes.Equal(text, k.live) {
		return nil
	}
	if err := renameio.WriteFile(path, text, 0o644, renameio.WithStaticPermissions(0o644)); err != nil {
		k.live = nil
		return fmt.Errorf("writing live list %q: %w", path, reason(err))
	}
	k.live = text
	return nil
}

// tell tells of trouble with a file once while it lasts.
func (k *keeper) tell(file string, err error) {
	if err == nil {
		delete(k.told, file)
		return
	}
	if !k.told[file] {
		k.told[file] = true
		k.network.tell(FileFailed{err})
	}
}

// mtime is when a file was changed, as the Python tool has it.
func mtime(path string) (legacy.Time, bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, false
	}
	return legacy.TimeOf(info.ModTime()), true
}

// replace puts a file into a directory, whole or not at all. It is not synced: after a crash of the machine the one before
// may be there, which the next round replaces.
func replace(root *os.Root, name string, data []byte) error {
	temporary := name + ".tmp"
	err := root.WriteFile(temporary, data, 0o644)
	if err == nil {
		err = root.Chmod(temporary, 0o644) // whatever the umask
	}
	if err == nil {
		err = root.Rename(temporary, name)
	}
	if err != nil {
		_ = root.Remove(temporary) // a leftover would do no harm
		return fmt.Errorf("writing %q: %w", filepath.Join(root.Name(), name), reason(err))
	}
	return nil
}
