package state

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"slices"
	"time"
)

// includesName is the directory of the last good includes, one file a zone.
const includesName = "includes"

// SaveInclude keeps the last good include of a zone, for a start at which the include itself is bad. It never waits for
// the disk. Content that the disk has already costs a reading of it.
func (s *Store) SaveInclude(zone string, content []byte) {
	s.queueInclude(zone, append([]byte{}, content...))
}

// DropInclude forgets the include of a zone that is gone.
func (s *Store) DropInclude(zone string) { s.queueInclude(zone, nil) }

func (s *Store) queueInclude(zone string, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if _, ok := includeFile(zone); !ok {
		s.errors.Add(1)
		return
	}
	if s.includes == nil {
		s.includes = make(map[string][]byte)
	}
	s.includes[zone] = content
	s.rouse()
}

// Include returns the last good include of a zone. The error is fs.ErrNotExist when there is none. It may be called until
// Close.
func (l *Loaded) Include(zone string) ([]byte, error) {
	name, ok := includeFile(zone)
	if !ok || l.root == nil {
		return nil, fmt.Errorf("reading the include of %q: %w", zone, fs.ErrNotExist)
	}
	data, err := readWhole(l.root, name)
	if err != nil {
		return nil, fmt.Errorf("reading the include of %q: %w", zone, err)
	}
	return data, nil
}

// includeFile returns the path of a zone's include in the state directory. No name of a zone leads out of includes/, and
// no two share a file; what no file system would take is refused.
func includeFile(zone string) (string, bool) {
	escaped := url.PathEscape(zone)
	return path.Join(includesName, escaped), zone != "" && zone != "." && zone != ".." && len(escaped) <= 255
}

// writeIncludes writes the includes that wait, as many as there is time for: thousands of them take a disk many seconds,
// for which no set, mode or sample may wait.
func (s *Store) writeIncludes() error {
	s.mu.Lock()
	batch := s.includes
	s.includes = nil
	s.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	err := s.w.disk.saveIncludes(batch, s.hurried)
	if len(batch) > 0 {
		// They wait again, but for those of which there is a newer one.
		s.mu.Lock()
		for zone, content := range s.includes {
			batch[zone] = content
		}
		s.includes = batch
		s.rouse()
		s.mu.Unlock()
	}
	if err != nil {
		return fmt.Errorf("saving includes: %w", err)
	}
	return nil
}

// hurried says whether something waits that is more urgent than includes.
func (s *Store) hurried() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false // the rest is written in one go
	}
	return s.next != nil || len(s.changes) > 0 || len(s.samples) > 0 && !time.Now().Before(s.w.nextTime)
}

// saveIncludes writes includes, one at least, until it is told to hurry. It takes what it has written out of the batch;
// after an error all that is not known to be on the disk is still in it.
func (d *disk) saveIncludes(batch map[string][]byte, hurried func() bool) error {
	if err := d.root.Mkdir(includesName, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	zones := make([]string, 0, len(batch))
	for zone := range batch {
		zones = append(zones, zone)
	}
	slices.Sort(zones)
	n := 0
	for n < len(zones) && (n == 0 || !hurried()) {
		if err := d.saveInclude(zones[n], batch[zones[n]]); err != nil {
			return fmt.Errorf("include of %q: %w", zones[n], err)
		}
		n++
	}
	dir, err := d.root.Open(includesName)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return err
	}
	for _, zone := range zones[:n] {
		delete(batch, zone)
	}
	return nil
}

func (d *disk) saveInclude(zone string, content []byte) error {
	name, _ := includeFile(zone)
	if content == nil {
		if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if there, err := readWhole(d.root, name); err == nil && bytes.Equal(there, content) {
		return nil
	}
	// The temporary file lies in the directory above, where a start removes it.
	temp := includesName + temporary
	err := d.writeFile(temp, content)
	if err == nil {
		err = d.root.Rename(temp, name)
	}
	if err != nil {
		_ = d.root.Remove(temp)
	}
	return err
}

// keepRoot opens the directory for Include.
func (l *Loaded) keepRoot(root *os.Root) {
	kept, err := root.OpenRoot(".")
	if err != nil {
		l.Problems = append(l.Problems, fmt.Errorf("reading includes: %w", err))
		return
	}
	l.root = kept
}
