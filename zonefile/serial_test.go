package zonefile

import (
	"os"
	"path/filepath"
	"testing"
)

// Whoever only asks for a serial changes nothing: the directory is another's, who may be writing a file just now.
func TestSerialIn(t *testing.T) {
	dir := t.TempDir()
	half := filepath.Join(dir, ".edgemanage-1.tmp")
	for path, text := range map[string]string{
		filepath.Join(dir, "example.org.zone"): "@ SOA ns hostmaster 7 1 1 1 1\n",
		half:                                   "@ SOA ns",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name, dir, zone string
		want            uint32
		found           bool
	}{
		{"there", dir, "example.org.", 7, true},
		{"no file", dir, "example.net.", 0, false},
		{"no directory", filepath.Join(dir, "none"), "example.org.", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, found := SerialIn(tt.dir, tt.zone); got != tt.want || found != tt.found {
				t.Errorf("got %d, %t, want %d, %t", got, found, tt.want, tt.found)
			}
		})
	}
	if _, err := os.Stat(half); err != nil {
		t.Errorf("the file that is being written is gone: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "none")); err == nil {
		t.Error("the directory was made")
	}
}
