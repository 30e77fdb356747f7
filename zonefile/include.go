package zonefile

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/miekg/dns"
)

const (
	// includeTTL is the TTL of an include's records that have none, in seconds.
	includeTTL = 300
	// maxInclude is the size of the largest include, in bytes. It is some 400,000 records: a larger file is a mistake.
	maxInclude = 16 << 20
)

// Include is what an operator writes of a zone: all of it but what the network makes. It is immutable.
type Include struct {
	Zone string // lower-case, fully qualified
	// Records are in the order of the file, without repetitions. Owners and targets keep the case they are written in;
	// escapes are in their canonical form. The records of one RRset have one TTL (RFC 2181, 5.2), the first one's.
	Records []dns.RR
	// Notes tell what is served as it is written but is hardly meant so: a delegation without glue, say. Each names file
	// and line.
	Notes []error
	// Digest is that of Records: of two includes of a zone with the same digest neither gives other answers.
	Digest [sha256.Size]byte

	live []live // what Complete copies and changes
}

// ReadInclude reads the include of a zone, a regular file of at most 16 MiB. An empty one is an include without records.
// Otherwise it is ParseInclude.
func ReadInclude(path, zone string, labels []string) (*Include, error) {
	data, err := ReadText(path)
	if err != nil {
		return nil, fmt.Errorf("reading include %q: %w", path, err)
	}
	return ParseInclude(path, zone, labels, data)
}

// ParseInclude makes an include out of the content of a file. Zone is lower-case and fully qualified; labels are the names
// below it that carry the live addresses besides the apex, lower-case and relative. The path is only for messages.
//
// The syntax is that of RFC 1035, 5.1, with names relative to the zone: $ORIGIN, $TTL (RFC 2308, 4), @, parentheses,
// comments and generic records (RFC 3597, 5). A record without a TTL takes that of the last $TTL, or 300 seconds, never
// that of the record before. $INCLUDE is refused since it would lead out of the directory of includes, $GENERATE since
// one line of it can make 65,536 records.
//
// What is refused is in rules.go, for single records, and tree.go, for names. The error is a *FaultsError, with all
// faults of the file.
func ParseInclude(path, zone string, labels []string, data []byte) (*Include, error) {
	p := newParser(path, zone, labels)
	for s := newScanner(data); ; {
		e, ok := s.next()
		if !ok || p.hopeless() {
			break
		}
		p.entry(e)
	}
	p.tree.check(&p.findings)
	if err := p.faults(); err != nil {
		return nil, err
	}
	inc := &Include{Zone: zone, Records: p.tree.records(), Notes: p.notes()}
	inc.Digest = digest(inc.Records)
	inc.live = p.tree.lively(inc.Records)
	return inc, nil
}

// digest hashes the wire form of records in their order. Every record can be packed: that is checked when it is parsed.
func digest(records []dns.RR) (sum [sha256.Size]byte) {
	h := sha256.New()
	buf := make([]byte, 0, 512)
	for _, rr := range records {
		wire, err := pack(buf, rr)
		if err != nil {
			panic(err.Error())
		}
		h.Write(wire)
		buf = wire
	}
	h.Sum(sum[:0])
	return sum
}

// ReadText reads a file that people write, such as an include: a regular one of at most 16 MiB, since opening a pipe would
// wait for its writer, and a device has no end.
func ReadText(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, cause(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxInclude+1))
	switch {
	case err != nil:
		return nil, cause(err)
	case len(data) > maxInclude:
		return nil, fmt.Errorf("more than %d bytes", maxInclude)
	}
	return data, nil
}

// cause takes the operation and the path off an error: the message has the path already.
func cause(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err
	}
	return err
}
