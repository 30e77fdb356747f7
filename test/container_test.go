//go:build e2e

package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// instruction is one of a container file, its continued lines joined.
type instruction struct{ word, rest string }

func readContainerfile(t *testing.T) (all []instruction) {
	t.Helper()
	text := readFile(t, "../examples/container/Containerfile")
	text = regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`\\\n\s*`).ReplaceAllString(text, "")
	for line := range strings.Lines(text) {
		if word, rest, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			all = append(all, instruction{word, strings.TrimSpace(rest)})
		}
	}
	return all
}

// There is no engine to build the image with everywhere, so what its file says is done without one: what is copied from
// the checkout is there, the programs are built by the very command, and what the image starts is what was built.
func TestContainerfile(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	var bases, users, started []string
	built := false
	for _, in := range readContainerfile(t) {
		words := strings.Fields(in.rest)
		switch in.word {
		case "FROM":
			bases = append(bases, words[0])
		case "USER":
			users = append(users, words[0])
		case "COPY":
			for _, source := range words[:len(words)-1] {
				if strings.HasPrefix(source, "--") {
					break // from another stage
				}
				if _, err := os.Stat(filepath.Join("..", source)); err != nil {
					t.Errorf("it copies what is not there: %v", err)
				}
			}
		case "RUN":
			if !strings.Contains(in.rest, "go build") {
				continue
			}
			cmd := exec.Command("sh", "-c", strings.ReplaceAll(in.rest, "/out/", out+"/"))
			cmd.Dir = ".."
			cmd.Env = append(os.Environ(), "VERSION=1.2.3")
			if said, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("running %s: %v\n%s", in.rest, err, said)
			}
			built = true
		case "ENTRYPOINT", "HEALTHCHECK":
			if m := regexp.MustCompile(`\["([^"]+)"`).FindStringSubmatch(in.rest); m != nil {
				started = append(started, m[1])
			}
		}
	}
	module := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(readFile(t, "../go.mod"))[1]
	if want := []string{"docker.io/library/golang:" + module, "scratch"}; !slices.Equal(bases, want) {
		t.Errorf("it is made from %v, want %v", bases, want)
	}
	if len(users) != 1 || strings.HasPrefix(users[0], "0") || strings.HasPrefix(users[0], "root") {
		t.Errorf("it runs as %v, want one user who is not root", users)
	}
	if !built || len(started) != 2 {
		t.Fatalf("it builds nothing, or does not start two programs but %v", started)
	}
	for _, program := range started {
		said, err := exec.Command(filepath.Join(out, program), "--version").CombinedOutput()
		if err != nil || !strings.Contains(string(said), "1.2.3") {
			t.Errorf("%s --version: %v\n%s", program, err, said)
		}
	}
}

// podman makes OCI images unless it is told otherwise, and those have no place for HEALTHCHECK: it was left out with a warning
// that scrolled by, and a container that answered nothing counted as running.
func TestContainerCommands(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"../examples/container/Containerfile", "../examples/README.md"} {
		commands := regexp.MustCompile(`podman build .*`).FindAllString(readFile(t, file), -1)
		if len(commands) == 0 {
			t.Errorf("%s does not say how to build the image", file)
		}
		for _, c := range commands {
			if !strings.Contains(c, " --format docker ") {
				t.Errorf("%s: %q leaves the health check out", file, c)
			}
		}
	}
}
