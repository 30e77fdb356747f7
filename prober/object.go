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

// Object is what a body is compared with: the current content and, for a while, the one before. It never changes.
// The nil Object is no expectation.
type Object struct {
	current, previous Digest
	until             time.Time
}

// NewObject makes an Object. Bodies equal to previous pass before until; the zero Digest is no previous object.
func NewObject(current, previous Digest, until time.Time) *Object {
	return &Object{current: current, previous: previous, until: until}
}

// Replace returns the Object to expect once the file was found to hold d at now: o itself when that is nothing new,
// else one that lets o's content pass for [PreviousPasses]. Of a nil Object it makes the first one.
func (o *Object) Replace(d Digest, now time.Time) *Object {
	switch {
	case o == nil:
		return NewObject(d, Digest{}, time.Time{})
	case d == o.current:
		return o
	}
	return NewObject(d, o.current, now.Add(PreviousPasses))
}

// limit is the length in bytes of the longest body that can pass.
func (o *Object) limit() int64 {
	if o == nil {
		return maxAnyBytes
	}
	return max(o.current.Size, o.previous.Size)
}

// compare judges a body, of which limit()+1 bytes at most were read, at now.
func (o *Object) compare(got Digest, now time.Time) (Outcome, error) {
	if o == nil {
		if got.Size > maxAnyBytes {
			return Size, fmt.Errorf("body is over %d bytes, expected at most that", maxAnyBytes)
		}
		return OK, nil
	}
	previous := o.previous.Size > 0 && now.Before(o.until)
	switch {
	case got == o.current, previous && got == o.previous:
		return OK, nil
	case got.Size == o.current.Size, previous && got.Size == o.previous.Size:
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
