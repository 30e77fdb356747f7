package canary

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
	"gopkg.in/yaml.v3"
)

// Entry is a canary as its file has it.
type Entry struct {
	Zone string     // lower-case, fully qualified
	Addr netip.Addr // of either family
	Line int        // from 1
}

// Parse reads a canaries file: a YAML mapping from zone to address. It returns the entries in the order of the file. One
// that is invalid is left out, with a note that names file and line and says what was expected; so is the later one of
// two for the same zone, or with the same address, since a canary is never shared. An empty file has no entries. The
// error says that the file is no such mapping at all. The path is only for messages.
func Parse(path string, data []byte) (entries []Entry, notes []error, err error) {
	mapping, err := decode(data)
	if err != nil {
		return nil, nil, fmt.Errorf("reading canaries %q: %w", path, err)
	}
	zones := make(map[string]int)       // their lines
	addrs := make(map[netip.Addr]Entry) // who has them
	for i := 0; i+1 < len(mapping); i += 2 {
		e, err := parseEntry(mapping[i], mapping[i+1])
		if err == nil {
			if line, twice := zones[e.Zone]; twice {
				err = fmt.Errorf("zone %s has a canary in line %d already: expected one", e.Zone, line)
			} else if other, shared := addrs[e.Addr]; shared {
				err = fmt.Errorf("%s is the canary of %s in line %d: expected one for each zone", e.Addr, other.Zone, other.Line)
			}
		}
		if err != nil {
			notes = append(notes, fmt.Errorf("reading canaries %q: line %d: %w", path, mapping[i].Line, err))
			continue
		}
		zones[e.Zone], addrs[e.Addr] = e.Line, e
		entries = append(entries, e)
	}
	return entries, notes, nil
}

// decode returns the keys and values of a mapping in turn. Values are not decoded any further: YAML would make a number
// of an address such as 192.02, and expand aliases without a limit.
func decode(data []byte) ([]*yaml.Node, error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	switch err := d.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if err := d.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("expected a single YAML document")
	}
	if len(document.Content) != 1 {
		return nil, nil
	}
	switch top := document.Content[0]; {
	case top.Kind == yaml.MappingNode:
		return top.Content, nil
	case top.Kind == yaml.ScalarNode && top.Tag == "!!null":
		return nil, nil
	default:
		return nil, fmt.Errorf("line %d: expected a mapping, zone: address", top.Line)
	}
}

func parseEntry(key, value *yaml.Node) (Entry, error) {
	if key.Kind != yaml.ScalarNode {
		return Entry{}, errors.New("expected zone: address")
	}
	zone, err := parseZone(key.Value)
	if err != nil {
		return Entry{}, err
	}
	if value.Kind == yaml.AliasNode {
		value = value.Alias
	}
	if value.Kind != yaml.ScalarNode {
		return Entry{}, fmt.Errorf("zone %s has no single address: expected one", zone)
	}
	addr, err := parseAddr(value.Value)
	if err != nil {
		return Entry{}, fmt.Errorf("zone %s: %w", zone, err)
	}
	return Entry{zone, addr, key.Line}, nil
}

func parseZone(s string) (string, error) {
	name := strings.ToLower(strings.TrimSuffix(s, "."))
	if _, ok := dns.IsDomainName(name); !ok || name == "" || name == "." || strings.ContainsFunc(name, notInZone) {
		return "", fmt.Errorf("%q is not a zone: expected a name such as example.org", s)
	}
	return name + ".", nil
}

// notInZone tells what no zone that is served to browsers has, in lower-case. A slash is in some reverse zones.
func notInZone(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./", r)
}

func parseAddr(s string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		return netip.Addr{}, fmt.Errorf("%q is not an address: expected IPv4 or IPv6", s)
	case addr.Zone() != "":
		return netip.Addr{}, fmt.Errorf("%q has a zone: expected an address that means the same everywhere", s)
	case addr.Is4In6():
		return netip.Addr{}, fmt.Errorf("%q is an IPv4 address in IPv6: expected %s", s, addr.Unmap())
	case addr.IsUnspecified():
		return netip.Addr{}, fmt.Errorf("%q is the unspecified address: expected that of a server", s)
	case addr.IsMulticast():
		return netip.Addr{}, fmt.Errorf("%q is a multicast address: expected that of a server", s)
	}
	return addr, nil
}

// Conflicts tells of entries whose address is that of an edge: it would be probed twice, and be both a canary and an edge
// of every zone. Owners are the edges by address. There is one error an entry.
func Conflicts(entries []Entry, owners map[netip.Addr]string) []error {
	var errs []error
	for _, e := range entries {
		if edge, taken := owners[e.Addr]; taken {
			errs = append(errs, fmt.Errorf("line %d: canary %s of %s is edge %q: expected an address of its own", e.Line, e.Addr, e.Zone, edge))
		}
	}
	return errs
}
