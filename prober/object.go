package prober

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

const (
	// PreviousPasses is how long after a change of the object the previous one passes, while the new one spreads
	// over the edges.
	PreviousPasses = 10 * time.Minute
	// maxObjectBytes bounds the object's file.
	maxObjectBytes = 64 << 20
	// maxAnyBytes bounds a body when no object is expected.
	maxAnyBytes = 1 << 20
)

// Digest is what is kept of an object's content.
type Digest struct {
	Sum  [sha256.Size]byte // SHA-256
	Size int64             // bytes
}

// Previous is content that the object had before. Bodies equal to it pass until then.
type Previous struct {
	Digest
	Until time.Time
}

// Object is what a body is compared with: the current content and, for a while, what it was before. It never changes.
// The nil Object is no expectation.
type Object struct {
	current  Digest
	previous []Previous
}

// NewObject makes an Object.
func NewObject(current Digest, previous ...Previous) *Object { return &Object{current, previous} }

// Replace returns the Object to expect once the file was found to hold d at now: o itself when that is nothing new,
// else one that lets o's content pass for [PreviousPasses]. What o let pass goes on passing, since edges may be two
// versions behind: one that is half written is a version too. Of a nil Object it makes the first one.
func (o *Object) Replace(d Digest, now time.Time) *Object {
	switch {
	case o == nil:
		return NewObject(d)
	case d == o.current:
		return o
	}
	previous := []Previous{{o.current, now.Add(PreviousPasses)}}
	for _, p := range o.Passing(now) {
		if p.Digest != d && p.Digest != o.current {
			previous = append(previous, p)
		}
	}
	return NewObject(d, previous...)
}

// Passing returns what passes at now beside the current content; nil of a nil Object.
func (o *Object) Passing(now time.Time) (previous []Previous) {
	if o == nil {
		return nil
	}
	for _, p := range o.previous {
		if now.Before(p.Until) {
			previous = append(previous, p)
		}
	}
	return previous
}

// limit is the length in bytes of the longest body that can pass.
func (o *Object) limit() int64 {
	if o == nil {
		return maxAnyBytes
	}
	limit := o.current.Size
	for _, p := range o.previous {
		limit = max(limit, p.Size)
	}
	return limit
}

// compare judges a body, of which limit()+1 bytes at most were read, at now.
func (o *Object) compare(got Digest, now time.Time) (Outcome, error) {
	if o == nil {
		if got.Size > maxAnyBytes {
			return Size, fmt.Errorf("body is over %d bytes, expected at most that", maxAnyBytes)
		}
		return OK, nil
	}
	sameSize := got.Size == o.current.Size
	if got == o.current {
		return OK, nil
	}
	for _, p := range o.Passing(now) {
		if got == p.Digest {
			return OK, nil
		}
		sameSize = sameSize || got.Size == p.Size
	}
	switch {
	case sameSize:
		return Checksum, fmt.Errorf("body has SHA-256 %x, expected %x", got.Sum[:8], o.current.Sum[:8])
	case got.Size > o.limit():
		return Size, fmt.Errorf("body is over %d bytes, expected %d", o.limit(), o.current.Size)
	}
	return Size, fmt.Errorf("body is %d bytes, expected %d", got.Size, o.current.Size)
}

// ReadObject digests the file at path, which must be a regular file of 1 byte to 64 MiB that is not being written.
func ReadObject(path string) (Digest, error) {
	d, err := readObject(path)
	if err != nil {
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return Digest{}, fmt.Errorf("reading object %q: %w", path, err)
	}
	return d, nil
}

func readObject(path string) (Digest, error) {
	// Before opening: opening a named pipe would wait for a writer.
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return Digest{}, err
	case !info.Mode().IsRegular():
		return Digest{}, errors.New("not a regular file")
	case info.Size() == 0:
		return Digest{}, errors.New("file is empty")
	case info.Size() > maxObjectBytes:
		return Digest{}, fmt.Errorf("file is %d bytes, expected at most %d", info.Size(), maxObjectBytes)
	}
	f, err := os.Open(path)
	if err != nil {
		return Digest{}, err
	}
	defer f.Close()
	d, err := digest(io.LimitReader(f, maxObjectBytes+1))
	if err != nil {
		return Digest{}, err
	}
	if d.Size != info.Size() {
		// A half-written object would fail every edge at once.
		return Digest{}, fmt.Errorf("file changed while being read: %d bytes, expected %d", d.Size, info.Size())
	}
	return d, nil
}

// digest reads r to its end. The size is right also when reading fails.
func digest(r io.Reader) (Digest, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	d := Digest{Size: n}
	h.Sum(d.Sum[:0])
	return d, err
}
