package state

import (
	"hash/crc32"
	"strconv"
	"strings"
	"time"
)

// Sample is what one probe of one edge brought.
type Sample struct {
	Edge string
	// IPv6 says which of the edge's two histories it belongs to.
	IPv6 bool
	// At is kept to the millisecond, Took to the microsecond.
	At   time.Time
	Took time.Duration
	// Outcome is "ok" or the name of the failure.
	Outcome string
}

const (
	success = "ok"

	// maxPayload bounds a record, so that a reader's buffer is bounded whatever the file says.
	maxPayload = 1 << 18
	// maxName bounds a name, as it is written, so that any token fits into a record.
	maxName = 1 << 12
	// maxIDs bounds the dictionary of a reader.
	maxIDs = 1 << 20
)

// castagnoli is the polynomial of CRC-32C (RFC 3720, appendix B.4), which processors compute in hardware.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// history identifies one edge's samples of one family.
type history struct {
	edge string
	ipv6 bool
}

// quoteName returns a form of s without spaces, line ends or anything that is not ASCII, from which unquoteName makes s.
func quoteName(s string) string {
	if isPlain(s) {
		return s
	}
	return strings.ReplaceAll(strconv.QuoteToASCII(s), " ", `\x20`)
}

func unquoteName(s string) (string, bool) {
	if isPlain(s) {
		return s, true
	}
	if !strings.HasPrefix(s, `"`) {
		return "", false
	}
	name, err := strconv.Unquote(s)
	return name, err == nil
}

// isPlain says whether s stands in the journal as it is, as names of hosts, addresses and outcomes do.
func isPlain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', 'A' <= c && c <= 'Z', c == '.', c == '-', c == '_', c == ':':
		default:
			return false
		}
	}
	return s != ""
}
