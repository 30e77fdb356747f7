package state

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
)

// errBadRecord ends the reading of a journal at a record that is not whole.
var errBadRecord = errors.New("bad record")

// scanner reads the records of a journal.
type scanner struct {
	r          io.Reader
	buf        []byte
	start, end int
	failed     error // of r; io.EOF at its end
	sound      int64 // bytes up to the end of the last record that next returned
}

func newScanner(r io.Reader) *scanner {
	return &scanner{r: r, buf: make([]byte, 2*maxPayload)}
}

// next returns the payload of the next record, valid until the call after. The error is io.EOF at the end of a sound
// journal, errBadRecord at the first record that is not one, else that of reading.
func (s *scanner) next() ([]byte, error) {
	for {
		payload, size, more := parseRecord(s.buf[s.start:s.end])
		switch {
		case size > 0:
			s.start += size
			s.sound += int64(size)
			return payload, nil
		case !more:
			return nil, errBadRecord
		case s.failed == io.EOF && s.start < s.end:
			return nil, errBadRecord
		case s.failed != nil:
			return nil, s.failed
		}
		s.fill()
	}
}

func (s *scanner) fill() {
	s.end = copy(s.buf, s.buf[s.start:s.end])
	s.start = 0
	n, err := s.r.Read(s.buf[s.end:])
	s.end += n
	s.failed = err
}

// parseRecord takes the record at the head of b. With a size of zero there is none: more says whether b may be the
// beginning of one.
func parseRecord(b []byte) (payload []byte, size int, more bool) {
	length, i := 0, 0
	for ; ; i++ {
		if i == len(b) {
			return nil, 0, true
		}
		c := b[i]
		if c == ' ' && i > 0 {
			break
		}
		if c < '0' || c > '9' || i == 0 && c == '0' {
			return nil, 0, false
		}
		if length = 10*length + int(c-'0'); length > maxPayload {
			return nil, 0, false
		}
	}
	i++
	if len(b) < i+9+length+1 {
		return nil, 0, true
	}
	sum, ok := parseSum(b[i : i+8])
	payload = b[i+9 : i+9+length]
	if !ok || b[i+8] != ' ' || b[i+9+length] != '\n' || crc32.Checksum(payload, castagnoli) != sum {
		return nil, 0, false
	}
	return payload, i + 9 + length + 1, false
}

// parseSum reads the one way in which frame writes a checksum: eight digits, none of them upper-case.
func parseSum(b []byte) (sum uint32, ok bool) {
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9':
			sum = sum<<4 | uint32(c-'0')
		case 'a' <= c && c <= 'f':
			sum = sum<<4 | uint32(c-'a'+10)
		default:
			return 0, false
		}
	}
	return sum, true
}

// extent is how far a journal can be used.
type extent struct {
	sound   int64 // bytes of sound records
	samples int   // in them, about: a definition of an IPv6 address counts as some
	rest    int64 // bytes after them
	torn    bool  // the rest is one unfinished line, or what a lost write leaves
}

// measure reads a journal to its end or first bad record.
func measure(r io.Reader) (extent, error) {
	var x extent
	s := newScanner(r)
	for {
		payload, err := s.next()
		x.sound = s.sound
		switch {
		case err == nil:
			// Every sample has one colon; counting them is many times faster than reading the samples.
			x.samples += bytes.Count(payload, []byte{':'})
		case err == io.EOF:
			return x, nil
		case errors.Is(err, errBadRecord):
			return x, s.measureRest(&x)
		default:
			return x, err
		}
	}
}

// measureRest reads what follows the first bad record.
func (s *scanner) measureRest(x *extent) error {
	x.torn = true
	for {
		unread := s.buf[s.start:s.end]
		x.rest += int64(len(unread))
		if bytes.IndexByte(unread, '\n') >= 0 {
			x.torn = false
		}
		s.start = s.end
		if s.failed == io.EOF {
			return nil
		}
		if s.failed != nil {
			return s.failed
		}
		s.fill()
	}
}
