package control

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSweep(t *testing.T) {
	old := time.Now().Add(-2 * abandoned)
	tests := []struct {
		name string
		mode fs.FileMode
		at   time.Time
		file string // in it, beside the socket
		dir  string
		gone bool
	}{
		{name: "of a killed process", dir: workPrefix + "1", mode: 0o700, at: old, gone: true},
		{name: "in use", dir: workPrefix + "1", mode: 0o700, at: time.Now()},
		{name: "with more in it", dir: workPrefix + "1", mode: 0o700, at: old, file: "precious"},
		{name: "open to others", dir: workPrefix + "1", mode: 0o755, at: old},
		{name: "of another name", dir: "edgemanage-1", mode: 0o700, at: old},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := socketPath(t)
			dir := filepath.Join(filepath.Dir(path), tt.dir)
			if err := errors.Join(os.Mkdir(dir, tt.mode), os.Chmod(dir, tt.mode)); err != nil {
				t.Fatal(err)
			}
			stale(t, filepath.Join(dir, workSocket))
			if tt.file != "" {
				if err := os.WriteFile(filepath.Join(dir, tt.file), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chtimes(dir, tt.at, tt.at); err != nil {
				t.Fatal(err)
			}
			l, err := Listen(path, "")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) != tt.gone {
				t.Errorf("got %v, want it gone: %t", err, tt.gone)
			}
			if _, err := os.Lstat(filepath.Join(dir, tt.file)); tt.file != "" && err != nil {
				t.Error(err)
			}
		})
	}
}
