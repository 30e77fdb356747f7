package state

import (
	"bytes"
	"io"
	"math"
	"strconv"
	"time"
)

// decoder turns payloads into samples. It belongs to one journal file, whose definitions it gathers.
type decoder struct {
	of        func(edge string, ipv6 bool) func(Sample) // who takes the samples of a history
	histories []definition
	outcomes  map[string]string // as written, unquoted: one string for all samples of an outcome
}

type definition struct {
	history
	take func(Sample) // nil before it is defined
}

// readSamples calls fn for every sample of a journal, up to its first bad record, which is no error here.
func readSamples(r io.Reader, fn func(Sample)) error {
	return readHistories(r, func(string, bool) func(Sample) { return fn })
}

// readHistories is readSamples with a function for each history, which it asks for at every definition.
func readHistories(r io.Reader, of func(edge string, ipv6 bool) func(Sample)) error {
	d := decoder{of: of}
	s := newScanner(r)
	for {
		payload, err := s.next()
		switch err {
		case nil:
			d.samples(payload)
		case io.EOF, errBadRecord:
			return nil
		default:
			return err
		}
	}
}

// samples hands on every sample of a record. What it cannot understand it passes over: the checksum was right, so it
// is not damage but something that a later version writes.
func (d *decoder) samples(p []byte) {
	end := tokenEnd(p, 0)
	ms, err := strconv.ParseInt(string(p[:end]), 10, 64)
	if err != nil {
		return
	}
	s := Sample{At: time.UnixMilli(ms).UTC()}
	for i := end + 1; i < len(p); i++ {
		// A success, which nearly all samples are, is read without looking for the token's end first.
		id, j := parseDigits(p, i)
		if j > i && j < len(p) && p[j] == ':' {
			took, k := parseDigits(p, j+1)
			if k > j+1 && (k == len(p) || p[k] == ' ') && took <= math.MaxInt64/1000 {
				if h := d.lookup(id); h != nil {
					s.Edge, s.IPv6, s.Took, s.Outcome = h.edge, h.ipv6, time.Duration(took)*time.Microsecond, success
					h.take(s)
				}
				i = k
				continue
			}
		}
		end := tokenEnd(p, i)
		token := p[i:end]
		i = end
		switch {
		case len(token) == 0:
		case token[0] == '@':
			if delta, err := strconv.ParseInt(string(token[1:]), 10, 64); err == nil {
				ms += delta
				s.At = time.UnixMilli(ms).UTC()
			}
		case token[0] == '+':
			d.define(token[1:])
		default:
			if h := d.failure(token, &s); h != nil {
				h.take(s)
			}
		}
	}
}

// failure reads ID!OUTCOME:US into s and returns whose it is, or nil.
func (d *decoder) failure(token []byte, s *Sample) *definition {
	id, i := parseDigits(token, 0)
	colon := bytes.LastIndexByte(token, ':')
	if i == 0 || colon < i || token[i] != '!' {
		return nil
	}
	took, end := parseDigits(token, colon+1)
	h := d.lookup(id)
	if h == nil || end != len(token) || end == colon+1 || took > math.MaxInt64/1000 {
		return nil
	}
	outcome, ok := d.outcomes[string(token[i+1:colon])]
	if !ok {
		written := string(token[i+1 : colon])
		if outcome, ok = unquoteName(written); !ok || outcome == success {
			return nil
		}
		if d.outcomes == nil {
			d.outcomes = make(map[string]string)
		}
		d.outcomes[written] = outcome
	}
	s.Edge, s.IPv6, s.Took, s.Outcome = h.edge, h.ipv6, time.Duration(took)*time.Microsecond, outcome
	return h
}

// define reads ID=EDGE/4.
func (d *decoder) define(token []byte) {
	id, i := parseDigits(token, 0)
	slash := bytes.LastIndexByte(token, '/')
	if i == 0 || i >= len(token) || token[i] != '=' || slash < i || id >= maxIDs {
		return
	}
	edge, ok := unquoteName(string(token[i+1 : slash]))
	family := string(token[slash+1:])
	if !ok || family != "4" && family != "6" {
		return
	}
	for int64(len(d.histories)) <= id {
		d.histories = append(d.histories, definition{})
	}
	h := history{edge, family == "6"}
	d.histories[id] = definition{h, d.of(h.edge, h.ipv6)}
}

// lookup returns the history that an ID stands for, or nil.
func (d *decoder) lookup(id int64) *definition {
	if id >= int64(len(d.histories)) || d.histories[id].take == nil {
		return nil
	}
	return &d.histories[id]
}

// parseDigits reads the number at p[i:]. The end is i when there is none, or none that fits.
func parseDigits(p []byte, i int) (n int64, end int) {
	j := i
	for ; j < len(p) && '0' <= p[j] && p[j] <= '9'; j++ {
		n = 10*n + int64(p[j]-'0')
	}
	if j-i > 18 {
		return 0, i
	}
	return n, j
}

// tokenEnd returns where the token that begins at p[i] ends.
func tokenEnd(p []byte, i int) int {
	if n := bytes.IndexByte(p[i:], ' '); n >= 0 {
		return i + n
	}
	return len(p)
}
