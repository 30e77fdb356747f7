package state

import (
	"hash/crc32"
	"strconv"
)

// encoder turns samples into records. It belongs to one journal file: a new file, or a record that may not have been
// written, calls for a reset, after which every history is defined again where it is first used.
type encoder struct {
	ids     map[history]int
	payload []byte
}

func (e *encoder) reset() { clear(e.ids) }

// record appends to dst one record with the first samples of batch, as many as fit. It returns how many samples of batch
// it is done with, and how many of these were rejected because their names are beyond reason.
func (e *encoder) record(dst []byte, batch []Sample) (rec []byte, done, rejected int) {
	if e.ids == nil {
		e.ids = make(map[history]int)
	}
	if len(e.ids) > maxIDs/2 {
		e.reset()
	}
	p := e.payload[:0]
	var at int64
	for _, s := range batch {
		if len(p) > maxPayload-3*maxName {
			break
		}
		done++
		outcome := success
		if s.Outcome != success {
			outcome = quoteName(s.Outcome)
		}
		if len(s.Edge) > maxName || len(outcome) > maxName {
			rejected++
			continue
		}
		id, known := e.ids[history{s.Edge, s.IPv6}]
		if !known {
			name := quoteName(s.Edge)
			if len(name) > maxName {
				rejected++
				continue
			}
			id = len(e.ids)
			e.ids[history{s.Edge, s.IPv6}] = id
			p, at = appendTime(p, at, s.At.UnixMilli())
			p = appendDefinition(p, id, name, s.IPv6)
		} else {
			p, at = appendTime(p, at, s.At.UnixMilli())
		}
		p = append(p, ' ')
		p = strconv.AppendInt(p, int64(id), 10)
		if outcome != success {
			p = append(p, '!')
			p = append(p, outcome...)
		}
		p = append(p, ':')
		p = strconv.AppendInt(p, max(0, s.Took.Microseconds()), 10)
	}
	e.payload = p
	if len(p) == 0 {
		return dst, done, rejected
	}
	return frame(dst, p), done, rejected
}

// appendTime says when the next sample was: at the head of a record the time itself, later what differs.
func appendTime(p []byte, last, at int64) ([]byte, int64) {
	switch {
	case len(p) == 0:
		p = strconv.AppendInt(p, at, 10)
	case at != last:
		p = append(p, ' ', '@')
		p = strconv.AppendInt(p, at-last, 10)
	}
	return p, at
}

func appendDefinition(p []byte, id int, name string, ipv6 bool) []byte {
	p = append(p, ' ', '+')
	p = strconv.AppendInt(p, int64(id), 10)
	p = append(p, '=')
	p = append(p, name...)
	if ipv6 {
		return append(p, '/', '6')
	}
	return append(p, '/', '4')
}

// frame appends the record that holds payload.
func frame(dst, payload []byte) []byte {
	const digits = "0123456789abcdef"
	dst = strconv.AppendInt(dst, int64(len(payload)), 10)
	dst = append(dst, ' ')
	sum := crc32.Checksum(payload, castagnoli)
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, digits[sum>>shift&15])
	}
	dst = append(dst, ' ')
	dst = append(dst, payload...)
	return append(dst, '\n')
}
