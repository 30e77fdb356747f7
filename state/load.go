package state

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/deflect-ca/coredns-edgemanage/internal/outfile"
)

// Loaded is what a directory held when it was read.
type Loaded struct {
	// Document is the newest sound generation.
	Document Document
	// Found says whether there was one. A directory without any is that of a new network.
	Found bool
	// Generation is 0 when the document is that of state.json, 1 when it is that of state.json.1.
	Generation int
	// Problems says what was damaged, lost or set aside, each naming its file.
	Problems []error
	// ModesLost says that there was a state and none of it could be used: edges that operators made unavailable
	// are no longer known.
	ModesLost bool

	known    digest
	journals []journal
	root     *os.Root // for Include
}

// journal is the sound part of a file of samples, as it was when it was opened.
type journal struct {
	f    *os.File
	size int64
}

// Read reads a directory as it is, without its lock and without writing, as suits a dry run beside a running server. A
// directory that is missing or cannot be read is no error; see Loaded.Problems. The error wraps ErrFormat.
func Read(dir string) (*Loaded, error) {
	l := &Loaded{}
	root := l.openRoot(dir)
	if root == nil {
		return l, nil
	}
	defer root.Close()
	if err := l.readDocument(root); err != nil {
		return nil, err
	}
	l.openJournals(root)
	l.keepRoot(root)
	return l, nil
}

// HasSamples says whether there are any to read.
func (l *Loaded) HasSamples() bool {
	return slices.ContainsFunc(l.journals, func(j journal) bool { return j.size > 0 })
}

// EachSample calls fn for every sample, in the order in which they arrived. It may be called again until Close.
func (l *Loaded) EachSample(fn func(Sample)) error {
	return l.EachHistory(context.Background(), func(string, bool) func(Sample) { return fn })
}

// EachHistory is EachSample for those who keep the samples of each history apart: it asks of once or a few times for the
// function that takes those of one history, nil when nobody wants them, rather than have it looked up for millions of
// samples. An edge may have two histories, one a family. When ctx ends it stops within milliseconds, with the context's error.
//
// It reads what was there when l was made, whatever a Store adds meanwhile, or rotates.
func (l *Loaded) EachHistory(ctx context.Context, of func(edge string, ipv6 bool) func(Sample)) error {
	for _, j := range l.journals {
		if err := readHistories(whileWanted{ctx, io.NewSectionReader(j.f, 0, j.size)}, of); err != nil {
			return fmt.Errorf("reading samples: %w", err)
		}
	}
	return nil
}

// whileWanted is a reader that fails once its context has ended.
type whileWanted struct {
	ctx context.Context
	io.Reader
}

func (r whileWanted) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// Close closes the files of samples and includes. Without it they are closed when l is no longer in use.
func (l *Loaded) Close() error {
	var errs []error
	if l.root != nil {
		errs = append(errs, l.root.Close())
		l.root = nil
	}
	for _, j := range l.journals {
		errs = append(errs, j.f.Close())
	}
	l.journals = nil
	return errors.Join(errs...)
}

// openRoot opens a directory for reading, or returns nil.
func (l *Loaded) openRoot(dir string) *os.Root {
	root, err := outfile.OpenDir(dir)
	if err == nil {
		return root
	}
	if !errors.Is(err, fs.ErrNotExist) {
		l.Problems = append(l.Problems, fmt.Errorf("reading state: %w", err))
		// Where a file stands in the way there was no state; of a directory that may not be entered nobody knows.
		l.ModesLost = !errors.Is(err, syscall.ENOTDIR)
	}
	return nil
}

func (l *Loaded) readDocument(root *os.Root) error {
	for generation, name := range []string{stateName, previousName} {
		path := filepath.Join(root.Name(), name)
		data, err := readWhole(root, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var doc Document
		if err == nil {
			doc, err = decodeDocument(data)
		}
		if errors.Is(err, ErrFormat) {
			return fmt.Errorf("reading %q: %w", path, err)
		}
		if err != nil {
			l.Problems = append(l.Problems, fmt.Errorf("reading %q: %w", path, err))
			l.ModesLost = true
			continue
		}
		l.Document, l.Found, l.Generation, l.ModesLost = doc, true, generation, false
		l.known = sha256.Sum256(data)
		return nil
	}
	return nil
}

// inBoth says whether both generations can be read and have the same orders.
func (l *Loaded) inBoth(root *os.Root) bool {
	if l.Generation != 0 {
		return false
	}
	data, err := readWhole(root, previousName)
	if errors.Is(err, fs.ErrNotExist) {
		return ordersOf(&l.Document).equal(orders{}) // as it is before anybody said anything
	}
	if err != nil {
		return false
	}
	previous, err := decodeDocument(data)
	return err == nil && ordersOf(&previous).equal(ordersOf(&l.Document))
}

// openJournals opens the journals for EachSample, up to what is sound in them now.
func (l *Loaded) openJournals(root *os.Root) {
	var newer os.FileInfo
	// The newer one first: when a running server rotates it in between it is found twice, which shows, and not missed.
	for _, name := range []string{roundsName, roundsName + rotated} {
		path := filepath.Join(root.Name(), name)
		f, err := openFile(root, name, os.O_RDONLY)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var x extent
		var info os.FileInfo
		if err == nil {
			x, err = measure(f)
		}
		if err == nil {
			info, err = f.Stat()
		}
		if err != nil {
			l.Problems = append(l.Problems, fmt.Errorf("reading %q: %w", path, err))
			f.Close()
			continue
		}
		if newer != nil && os.SameFile(newer, info) {
			f.Close()
			continue
		}
		newer = info
		if x.rest > 0 && !x.torn {
			l.Problems = append(l.Problems, fmt.Errorf("reading %q: bad record at byte %d: %d bytes not used", path, x.sound, x.rest))
		}
		l.journals = append([]journal{{f, x.sound}}, l.journals...)
	}
}
