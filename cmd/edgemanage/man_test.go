package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/manpage"
)

// TestManPages: what is committed is what the help and the README say today. make man writes it anew.
func TestManPages(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	plugin, err := manpage.Plugin(readme)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"edgemanage.1": manpage.Command(newRoot()), "coredns-edgemanage.7": plugin} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("../../man", name)
			golden(t, file, string(got))
			if t.Failed() {
				t.Error("make man makes it current")
			}
		})
	}
}
