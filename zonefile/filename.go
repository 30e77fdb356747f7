package zonefile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

const (
	suffix      = ".zone"
	maxFileName = 255 // bytes, of every file system in use
)

// FileName returns the name of a zone's file: the zone in lower-case, without its last dot, and ".zone". A zone that is
// not made of letters, digits, hyphens, underscores and dots has none, so no zone leads out of a directory; nor has the
// root zone, and one of more than 250 characters.
func FileName(zone string) (string, error) {
	name := strings.ToLower(strings.TrimSuffix(zone, "."))
	switch _, valid := dns.IsDomainName(name); {
	case name == "":
		return "", fmt.Errorf("naming the file of zone %q: the root zone has none", zone)
	case !valid || name == ".":
		return "", fmt.Errorf("naming the file of zone %q: not a domain name", zone)
	case strings.ContainsFunc(name, notInFileName):
		return "", fmt.Errorf("naming the file of zone %q: expected letters, digits, hyphens, underscores and dots", zone)
	case len(name) > maxFileName-len(suffix):
		return "", fmt.Errorf("naming the file of zone %q: it has %d characters, expected at most %d", zone, len(name), maxFileName-len(suffix))
	}
	return name + suffix, nil
}

func notInFileName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
}

// zoneOf returns the zone of a file name, lower-case and fully qualified.
func zoneOf(name string) (string, error) {
	switch {
	case strings.HasPrefix(name, "."):
		return "", errors.New("a hidden file")
	case !strings.HasSuffix(name, suffix):
		return "", fmt.Errorf("expected a name that ends in %s", suffix)
	}
	zone := strings.TrimSuffix(name, suffix)
	if strings.HasSuffix(zone, ".") {
		return "", errors.New("expected the name of the zone without a dot at its end")
	}
	if _, err := FileName(zone); err != nil {
		return "", fmt.Errorf("%q is not the name of a zone: expected letters, digits, hyphens, underscores and dots", zone)
	}
	return strings.ToLower(zone) + ".", nil
}

// ZonesIn finds the includes in a directory: every <zone>.zone that is a file or leads to one. It returns their paths by
// zone, lower-case and fully qualified. Notes tell what else is there and is left alone, and of two files of a zone that
// differ in case; of those the one in lower-case counts, else the first by name. The error says that the directory
// cannot be read.
func ZonesIn(dir string) (zones map[string]string, notes []error, err error) {
	entries, err := os.ReadDir(filepath.Clean(dir) + string(filepath.Separator)) // a pipe in its place is not waited for
	if err != nil {
		return nil, nil, fmt.Errorf("listing includes %q: %w", dir, cause(err))
	}
	zones = make(map[string]string, len(entries))
	slices.SortStableFunc(entries, func(a, b os.DirEntry) int { return mixed(a.Name()) - mixed(b.Name()) })
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		zone, err := zoneOf(entry.Name())
		if err == nil {
			err = checkRegular(path, entry)
		}
		if err == nil && zones[zone] != "" {
			err = fmt.Errorf("zone %s has %q already", zone, filepath.Base(zones[zone]))
		}
		if err != nil {
			notes = append(notes, fmt.Errorf("leaving out %q: %w", path, err))
			continue
		}
		zones[zone] = path
	}
	return zones, notes, nil
}

// mixed is 0 for a name in lower-case, else 1.
func mixed(name string) int {
	if name == strings.ToLower(name) {
		return 0
	}
	return 1
}

// checkRegular says what an entry is if it is not a file. Links are followed: includes that come from a configuration
// system often are some.
func checkRegular(path string, entry os.DirEntry) error {
	mode := entry.Type()
	if mode&os.ModeSymlink != 0 {
		info, err := os.Stat(path)
		if err != nil {
			return nil // a link that leads nowhere is an include that cannot be read, not one that was removed
		}
		mode = info.Mode()
	}
	if mode.IsDir() {
		return errors.New("a directory")
	}
	if !mode.IsRegular() {
		return errors.New("not a regular file")
	}
	return nil
}
