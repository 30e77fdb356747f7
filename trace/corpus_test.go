package trace

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCorpus replays recorded rounds with the decisions the Python edgemanage
// took in them: a site that moves must see the same sets.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded rounds in testdata (%v)", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tr, err := Parse(file, data)
			if err != nil {
				t.Fatal(err)
			}
			if len(tr.Expect) != len(tr.Rounds) {
				t.Fatalf("got %d expectations for %d rounds", len(tr.Expect), len(tr.Rounds))
			}
			for _, d := range Compare(tr, Run(tr)) {
				t.Error(d)
			}
		})
	}
}
