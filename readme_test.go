package edgemanage

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadmePluginCfg: whoever builds a CoreDNS of their own copies the README's lines into plugin.cfg. Behind file the
// plugin would never be asked.
func TestReadmePluginCfg(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	excerpt := fence(string(readme), "\nedgemanage:")
	if excerpt == nil {
		t.Fatal("README.md has no fence with a line edgemanage:PATH")
	}
	at := slices.IndexFunc(excerpt, func(line string) bool { return strings.HasPrefix(line, "edgemanage:") })
	if want := "edgemanage:" + ourModule(t); excerpt[at] != want {
		t.Errorf("the line is %q, want %q", excerpt[at], want)
	}
	if at+1 == len(excerpt) || excerpt[at+1] != "file:file" {
		t.Errorf("edgemanage does not stand directly before file:file in %q", excerpt)
	}
	theirs := slices.Delete(slices.Clone(excerpt), at, at+1)
	last := -1
	cfg := corednsPluginCfg(t)
	for _, line := range theirs {
		i := slices.Index(cfg, line)
		if i <= last {
			t.Errorf("%q is at %d of CoreDNS's plugin.cfg, want it there and behind %d", line, i, last)
		}
		last = i
	}
}

// TestReadmeSecondaries: the end-to-end tests run the configurations in examples, so what the README shows must be those.
func TestReadmeSecondaries(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob("examples/secondaries/*.conf")
	if err != nil || len(paths) == 0 {
		t.Fatalf("got examples %q, error %v", paths, err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(readme), "\n~~~ txt\n"+string(text)+"~~~\n") {
				t.Errorf("README.md has no fence that is %s", path)
			}
		})
	}
}

// fence returns the lines of the first fence that contains a string, or nil.
func fence(text, containing string) []string {
	for _, match := range regexp.MustCompile("(?ms)^(?:~~~|```)[^\n]*(\n.*?\n)(?:~~~|```)$").FindAllStringSubmatch(text, -1) {
		if strings.Contains(match[1], containing) {
			return strings.Split(strings.TrimSpace(match[1]), "\n")
		}
	}
	return nil
}

func ourModule(t *testing.T) string {
	t.Helper()
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(mod), "\n")
	return strings.TrimPrefix(first, "module ")
}

// corednsPluginCfg is plugin.cfg of the CoreDNS in go.mod, without comments.
func corednsPluginCfg(t *testing.T) (lines []string) {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/coredns/coredns").Output()
	if err != nil {
		t.Fatalf("finding CoreDNS: %v", err)
	}
	cfg, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "plugin.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(cfg)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}
