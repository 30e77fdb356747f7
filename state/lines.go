package state

const (
	// shortValue is how long an object or array may be, in bytes without spaces, to stand in one line.
	shortValue = 160
	// alwaysLines is to which depth each stands in lines of its own, however short: the document and what it holds.
	alwaysLines = 2
)

// inLines appends a value, JSON without spaces, in lines that begin with that depth: objects and arrays that are short stand
// in one, so that an edge, a mode or a zone takes a line of its own. Of ten thousand edges that is half of what json.Indent
// makes, and a change of the set writes all of it.
func inLines(dst, value []byte, depth int) []byte {
	newline := func() {
		dst = append(dst, '\n')
		for range depth {
			dst = append(dst, ' ', ' ')
		}
	}
	for i := 0; i < len(value); {
		switch c := value[i]; c {
		case '{', '[':
			if n := shortLength(value[i:]); n == len("{}") || n > 0 && depth > alwaysLines {
				dst = append(dst, value[i:i+n]...)
				i += n
				continue
			}
			dst = append(dst, c)
			depth++
			newline()
		case '}', ']':
			depth--
			newline()
			dst = append(dst, c)
		case ',':
			dst = append(dst, c)
			newline()
		case ':':
			dst = append(dst, c, ' ')
		case '"':
			n := stringLength(value[i:])
			dst = append(dst, value[i:i+n]...)
			i += n
			continue
		default:
			dst = append(dst, c)
		}
		i++
	}
	return dst
}

// shortLength is the length of the object or array that value begins with, 0 when that is not short.
func shortLength(value []byte) int {
	depth := 0
	for i := 0; i < min(len(value), shortValue); i++ {
		switch value[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"':
			i += stringLength(value[i:]) - 1
		}
	}
	return 0
}

// stringLength is the length of the string that value begins with, its quotes among it.
func stringLength(value []byte) int {
	for i := 1; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(value)
}
