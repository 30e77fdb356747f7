//go:build e2e

package test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// The programs under test, built with -race. EDGEMANAGE_BIN_DIR names a directory that has them already.
var (
	corednsPath    string
	edgemanagePath string
)

// buildDir is where programs are built; it is removed at the end.
var buildDir string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "edgemanage-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	buildDir = dir
	from := os.Getenv("EDGEMANAGE_BIN_DIR")
	if from == "" {
		from = dir
		for _, args := range [][]string{
			{"build", "-race", "-o", filepath.Join(dir, "coredns"), "../cmd/coredns"},
			{"build", "-o", filepath.Join(dir, "edgemanage"), "../cmd/edgemanage"},
		} {
			if err := goTool(args...); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
	}
	if from, err = filepath.Abs(from); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	corednsPath, edgemanagePath = filepath.Join(from, "coredns"), filepath.Join(from, "edgemanage")
	// The tests wait most of the time, so more of them can wait together than there are processors.
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func goTool(args ...string) error {
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("running go %v: %w\n%s", args, err, out)
	}
	return nil
}
