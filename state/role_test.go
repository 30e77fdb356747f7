package state

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	// roleVariable makes a process of the test binary play a part instead of running tests.
	roleVariable = "STATE_TEST_ROLE"
	dirVariable  = "STATE_TEST_DIR"
)

// playRole is the main function of a process that start has started.
func playRole(role string) int {
	s, _, err := Open(os.Getenv(dirVariable), Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	switch role {
	case "hold": // the lock, until killed
		fmt.Println("locked")
		io.Copy(io.Discard, os.Stdin)
	case "write": // until killed, telling of every document that is durable
		s.SetEdges(2)
		s.Resize(100)
		for serial := uint32(1); ; serial++ {
			s.AddSamples([]Sample{{Edge: fmt.Sprint("e", serial), At: start, Outcome: "ok"}})
			s.AddChange(Change{At: start, Kind: "set", Reason: fmt.Sprint(serial)})
			d := sampleDocument()
			d.SetSerial = serial
			<-s.Save(d).Done()
			fmt.Println(serial)
		}
	}
	return 0
}

// process is one that plays a role.
type process struct {
	*exec.Cmd
	lines *bufio.Scanner // of its standard output
}

func begin(t *testing.T, role, dir string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role, dirVariable+"="+dir)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd, bufio.NewScanner(out)}
	t.Cleanup(p.end)
	return p
}

// end kills the process as nothing can be done about: with SIGKILL.
func (p *process) end() {
	_ = p.Process.Kill()
	_ = p.Wait()
}

func TestHeld(t *testing.T) {
	dir := t.TempDir()
	if err := Held(dir); err != nil {
		t.Errorf("nobody's: %v", err)
	}
	s, _, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Held(dir); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), filepath.Join(dir, "lock")) {
		t.Errorf("somebody's: got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Held(dir); err != nil {
		t.Errorf("nobody's any more: %v", err)
	}
}
