package demo

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

var (
	//go:embed Corefile.tmpl
	corefileText string
	//go:embed example.org.zone
	zoneText string

	corefile = template.Must(template.New("Corefile").Parse(corefileText))
)

// socket is the control socket in the demo's directory.
const socket = "control.sock"

// mark is the first line of the Corefile; a directory whose Corefile begins so is an earlier demo's.
const mark = "# This is what `edgemanage demo` runs."

// makeDir makes the directory of the demo. remove removes it, unless the caller has named it.
func makeDir(named string) (dir string, remove func() error, err error) {
	if named == "" {
		dir, err := os.MkdirTemp("", "edgemanage-demo-")
		if err != nil {
			return "", nil, fmt.Errorf("making the demo's directory: %w", err)
		}
		return dir, func() error {
			if err := os.RemoveAll(dir); err != nil {
				return fmt.Errorf("removing the demo's directory: %w", err)
			}
			return nil
		}, nil
	}
	dir, err = filepath.Abs(named)
	if err == nil {
		err = usable(dir)
	}
	if err != nil {
		return "", nil, fmt.Errorf("making the demo's directory %q: %w", named, err)
	}
	return dir, func() error { return nil }, nil
}

// usable makes dir, or sees to it that nothing of anybody's is overwritten there.
func usable(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, "Corefile"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if !strings.HasPrefix(string(text), mark) {
		return errors.New("it holds other things: expected an empty directory, or that of an earlier demo")
	}
	return nil
}

// writeFiles writes what the server reads: its Corefile, the edge list, the test object and the rest of the zone.
func writeFiles(dir string, o Options, es edges) error {
	host, port, err := net.SplitHostPort(o.DNS)
	if err != nil {
		return fmt.Errorf("reading --dns %q: %w", o.DNS, err)
	}
	var text bytes.Buffer
	err = corefile.Execute(&text, map[string]any{
		"Dir": dir, "Host": host, "Port": port, "EdgePort": es.port(), "Path": path, "Metrics": o.Metrics, "Status": o.Status, "Socket": socket, "Network": netName,
	})
	if err != nil {
		return fmt.Errorf("writing the Corefile: %w", err)
	}
	var list strings.Builder
	list.WriteString("# The web edges, one a line: a name, and the address it is at.\n")
	for _, e := range es {
		fmt.Fprintf(&list, "%s %s\n", e.name, e.addr.Addr())
	}
	for name, content := range map[string]string{
		"Corefile": text.String(), "edges.txt": list.String(), "health.txt": object, "example.org.zone": zoneText,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return fmt.Errorf("writing the files: %w", err)
		}
	}
	return nil
}
