package zonefile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/miekg/dns"

	"github.com/deflect-ca/coredns-edgemanage/internal/outfile"
)

// ErrForeign says that a file is left alone since it was not written by a Directory.
var ErrForeign = errors.New("not written by edgemanage")

const dirMode = 0o755

// Directory is where complete zone files are written: <zone>.zone, see FileName. Its own files begin with a mark, by
// which they are known after a restart too; what else is in the directory is left alone, and no name leads out of it.
// Several may be open on one path for different zones, also in several processes. Its methods may be called at the same
// time but for those that write the same zone.
type Directory struct {
	path string
	root *os.Root
}

// OpenDirectory opens a directory, which is made where it is missing, and removes what a crash left half written.
func OpenDirectory(path string) (*Directory, error) {
	if err := os.MkdirAll(path, dirMode); err != nil {
		return nil, fmt.Errorf("making the directory of zone files: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("opening the directory of zone files: %w", err)
	}
	d := &Directory{path, root}
	if err := outfile.RemoveLeftovers(root); err != nil {
		root.Close()
		return nil, fmt.Errorf("clearing the directory of zone files %q: %w", path, err)
	}
	return d, nil
}

// Close ends the use of the directory.
func (d *Directory) Close() error { return d.root.Close() }

// Present says whether the path still leads to the directory that was opened. When it was replaced, what is written goes
// where nobody looks.
func (d *Directory) Present() bool {
	opened, err := d.root.Stat(".")
	if err != nil {
		return false
	}
	there, err := os.Stat(d.path)
	return err == nil && os.SameFile(opened, there)
}

// Put writes the records of a zone as Render does, and reports whether the file changed: one with that content already
// is not touched. The file is replaced as a whole; when that fails (a full disk), the old one stays as it is. A file of
// the zone that somebody else wrote is replaced too, since from now on the zone is ours, but the first of them is kept
// beside it under a hidden name. What is no regular file is left alone: ErrForeign.
func (d *Directory) Put(zone string, records []dns.RR) (changed bool, err error) {
	name, err := FileName(zone)
	if err != nil {
		return false, err
	}
	var content bytes.Buffer
	if err := Render(&content, zone, records); err != nil {
		return false, err
	}
	there, err := d.read(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return false, fmt.Errorf("writing zone file %q: %w", d.full(name), err)
	case bytes.Equal(there, content.Bytes()):
		return false, nil
	case !isOurs(there):
		if err := d.keep(name); err != nil {
			return false, fmt.Errorf("keeping zone file %q, %w: %w", d.full(name), ErrForeign, err)
		}
	}
	if err := outfile.Replace(d.root, name, content.Bytes(), true); err != nil {
		return false, fmt.Errorf("writing zone file %q: %w", d.full(name), cause(err))
	}
	return true, nil
}

// Remove removes the file of a zone. One that is not there is removed already; one that somebody else wrote stays, and
// the error is ErrForeign.
func (d *Directory) Remove(zone string) error {
	name, err := FileName(zone)
	if err != nil {
		return err
	}
	there, err := d.head(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && !isOurs(there):
		err = ErrForeign
	case err == nil:
		err = d.root.Remove(name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing zone file %q: %w", d.full(name), err)
	}
	return nil
}

// Zones returns the zones that have a file written by a Directory, lower-case and fully qualified, in the order of their
// names. A directory that cannot be read has none.
func (d *Directory) Zones() []string {
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return nil
	}
	var zones []string
	for _, entry := range entries {
		zone, err := zoneOf(entry.Name())
		if err != nil {
			continue
		}
		if name, _ := FileName(zone); name != entry.Name() {
			continue // in another case, which we never write
		}
		if there, err := d.head(entry.Name()); err == nil && isOurs(there) {
			zones = append(zones, zone)
		}
	}
	slices.Sort(zones)
	return zones
}

// SerialIn is Serial of a directory that need not be there. It writes nothing, and costs the same however many files there
// are.
func SerialIn(path, zone string) (uint32, bool) {
	root, err := outfile.OpenDir(path)
	if err != nil {
		return 0, false
	}
	defer root.Close()
	d := Directory{path, root}
	return d.Serial(zone)
}

// Serial returns the serial of the zone's file, whoever wrote it, and whether there is one. It is how a serial goes on
// from that of the program that was here before.
func (d *Directory) Serial(zone string) (uint32, bool) {
	name, err := FileName(zone)
	if err != nil {
		return 0, false
	}
	data, err := d.read(name)
	if err != nil {
		return 0, false
	}
	zp := dns.NewZoneParser(bytes.NewReader(data), zone, "")
	zp.SetDefaultTTL(includeTTL) // records without one are no obstacle
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		if soa, ok := rr.(*dns.SOA); ok && dns.CanonicalName(soa.Hdr.Name) == dns.CanonicalName(zone) {
			return soa.Serial, true
		}
	}
	return 0, false
}

func isOurs(content []byte) bool { return bytes.HasPrefix(content, []byte(mark)) }
