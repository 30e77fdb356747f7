package zonefile

import "bytes"

// entry is one record or directive of a file, which may be of several lines.
type entry struct {
	line      int    // of its first character that is not blank or a comment, from 1
	lines     int    // how many it has, at least 1
	text      []byte // as it stands in the file, but with a blank before each end of a line in parentheses
	continued bool   // it begins with a blank: the owner is that of the entry before
	directive bool   // it begins with a $
	open      string // what in it is never closed: "parenthesis", "quote" or ""
}

// scanner splits a file into entries.
//
// The parser of miekg/dns stops at its first error and does not tell where a record is. Given one entry at a time it
// finds all errors, and the line of every record is known. What the scanner takes for quoted, escaped or a comment is
// what that parser does, but for quotes that go on in the next line: a forgotten quote must not swallow the rest of the
// file, and BIND refuses them too.
type scanner struct {
	data []byte
	off  int
	line int
}

func newScanner(data []byte) *scanner {
	// Some editors begin a file with a byte order mark, which would be part of the first name.
	return &scanner{data: bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), line: 1}
}

// next returns the next entry that has anything in it.
func (s *scanner) next() (entry, bool) {
	for s.off < len(s.data) {
		if e := s.scan(); e.line > 0 {
			return e, true
		}
	}
	return entry{}, false
}

// join returns the text from start to here. The end of a line in parentheses separates words, but the parser takes the
// words around it for one unless there is a blank too.
func (s *scanner) join(start int, ends []int) []byte {
	if len(ends) == 0 {
		return s.data[start:s.off]
	}
	text := make([]byte, 0, s.off-start+len(ends))
	for _, end := range ends {
		text = append(text, s.data[start:end]...)
		text = append(text, ' ')
		start = end
	}
	return append(text, s.data[start:s.off]...)
}

// scan goes to the end of an entry: the first end of a line outside parentheses.
func (s *scanner) scan() (e entry) {
	start := s.off
	var depth int
	var ends []int // of lines in parentheses
	var quoted, escaped, comment, begun bool
	for s.off < len(s.data) {
		c := s.data[s.off]
		s.off++
		if c == '\n' {
			s.line++
			escaped, comment = false, false
			if depth == 0 || quoted {
				break
			}
			if begun {
				ends = append(ends, s.off-1)
			}
			continue
		}
		if comment {
			continue
		}
		plain := !escaped && !quoted
		wasEscaped := escaped
		escaped = c == '\\' && !escaped
		blank := c == ' ' || c == '\t'
		switch {
		case c == '\r':
			continue
		case plain && c == ';':
			comment = true
			continue
		}
		if e.line == 0 && !blank {
			e.line = s.line
		}
		switch {
		case plain && c == '(':
			depth++
			continue
		case plain && c == ')':
			depth = max(0, depth-1)
			continue
		case c == '"' && !wasEscaped:
			quoted = !quoted
		}
		if !begun {
			begun = true
			e.continued, e.directive = blank, c == '$'
		}
	}
	e.text = s.join(start, ends)
	e.lines = 1 + bytes.Count(bytes.TrimRight(e.text, "\n"), []byte("\n"))
	switch {
	case quoted:
		e.open = "quote"
	case depth > 0:
		e.open = "parenthesis"
	}
	return e
}
