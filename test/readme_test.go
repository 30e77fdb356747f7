//go:build e2e

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fence is a block of code of the README.
type fence struct {
	lang, text string
	line       int
	named      string // the file that the prose before says it is, or empty
}

var withFile = regexp.MustCompile("with `([^`]+)`:$")

func readFences(t *testing.T, readme string) (fences []fence) {
	t.Helper()
	var open *fence
	mark, prose := "", ""
	for i, line := range strings.Split(readme, "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case open != nil && trimmed == mark:
			fences = append(fences, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		case strings.HasPrefix(trimmed, "~~~"), strings.HasPrefix(trimmed, "```"):
			mark = trimmed[:3]
			open = &fence{lang: strings.TrimSpace(trimmed[3:]), line: i + 1}
			if m := withFile.FindStringSubmatch(prose); m != nil {
				open.named = m[1]
			}
		case trimmed != "":
			prose = trimmed
		}
	}
	if open != nil {
		t.Fatalf("README.md:%d: the fence is never closed", open.line)
	}
	return fences
}

// TestReadme starts every Corefile of the README as an operator would copy it, in a network and with a /var of its own.
func TestReadme(t *testing.T) {
	b, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(b)
	fences := readFences(t, readme)
	n := 0
	for _, f := range fences {
		if f.lang != "corefile" {
			continue
		}
		n++
		t.Run(fmt.Sprintf("Corefile in line %d", f.line), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			provide(t, dir, fences)
			s := newServer(t, dir, f.text)
			s.in = newNamespace(t, true, "mount -t tmpfs none /var/lib")
			s.start()
			eventually(t, patience, "the server to have started", func() bool {
				if !s.running() {
					t.Fatalf("the server ended: %v\n%s", s.cmd.ProcessState, s.log())
				}
				return len(s.lines("CoreDNS-")) > 0
			})
			for _, line := range s.lines("[ERROR]") {
				t.Errorf("the server says: %s", line)
			}
			// CoreDNS asks for SIGTERM in a goroutine that may not have run yet.
			s.kill()
		})
	}
	if n == 0 {
		t.Error("README.md has no fence with the language corefile")
	}
	t.Run("sections", func(t *testing.T) { checkSections(t, readme) })
}

// provide makes the files that the Corefiles of the README name. Those that it shows are as it shows them.
func provide(t *testing.T, dir string, fences []fence) {
	t.Helper()
	// What the Python edgemanage has beside the Corefile.
	if err := os.CopyFS(dir, os.DirFS("../legacy/testdata")); err != nil {
		t.Fatal(err)
	}
	ca := newAuthority(t)
	ca.issue(t, dir, "cert", "example.org")
	files := map[string]string{
		"object.txt":     objectBody,
		"edges.txt":      "edge1.example.net 192.0.2.11\nedge2.example.net 192.0.2.12\n",
		"db.example.org": restOfZone,
		"canaries.yaml":  "example.org: 192.0.2.200\n",

		"zones/example.org.zone": "@ MX 10 mail\nmail A 192.0.2.80\n",
	}
	for _, f := range fences {
		if f.named != "" {
			files[f.named] = f.text
		}
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(filepath.Join(dir, "cert.key"), filepath.Join(dir, "key.pem")); err != nil {
		t.Fatal(err)
	}
	key, _ := newSigningKey(t, dir)
	for _, f := range fences {
		for _, m := range signingKey.FindAllStringSubmatch(f.text, -1) {
			for _, suffix := range []string{".key", ".private"} {
				if err := copyFile(key+suffix, filepath.Join(dir, m[1]+suffix)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

var signingKey = regexp.MustCompile(`key file (\S+)`)

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}

// sections are those that CoreDNS's plugins have in their README, in this order.
var sections = []string{"Name", "Description", "Syntax", "Examples", "Metrics", "Ready", "Compilation", "Bugs", "See Also"}

func checkSections(t *testing.T, readme string) {
	t.Helper()
	var got []string
	for line := range strings.Lines(readme) {
		title, ok := strings.CutPrefix(strings.TrimSpace(line), "## ")
		if ok && slices.Contains(sections, title) {
			got = append(got, title)
		}
	}
	if diff := cmp.Diff(sections, got); diff != "" {
		t.Errorf("sections of README.md (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(readme, "# edgemanage\n") {
		t.Error("README.md does not begin with # edgemanage")
	}
	if !strings.Contains(readme, "\n*edgemanage* - ") {
		t.Error("README.md does not say in one line what *edgemanage* is")
	}
	// The two commands come first (after the title), as they are all that a newcomer needs.
	demo, name := strings.Index(readme, "make demo"), strings.Index(readme, "## Name")
	if test := strings.Index(readme, "make test"); demo < 0 || test < 0 || demo > name || test > name {
		t.Error("README.md does not begin with make demo and make test")
	}
}
