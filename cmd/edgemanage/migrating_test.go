package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	codeFence  = regexp.MustCompile("(?ms)^ *~~~ (?:sh|cron)\n(.*?)^ *~~~$")
	codeInline = regexp.MustCompile("`(edgemanage [^`]*)`")
	called     = regexp.MustCompile(`\bedgemanage ([a-z].*)`)
)

// TestMigratingCommands: every command line of docs/migrating.md is one that the command takes, in tables and in prose too.
// Those of code blocks are run by the end-to-end tests.
func TestMigratingCommands(t *testing.T) {
	text, err := os.ReadFile("../../docs/migrating.md")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, m := range codeFence.FindAllStringSubmatch(string(text), -1) {
		lines = append(lines, strings.Split(m[1], "\n")...)
	}
	for _, m := range codeInline.FindAllStringSubmatch(string(text), -1) {
		lines = append(lines, m[1])
	}
	found := 0
	for _, line := range lines {
		m := called.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		found++
		t.Run(m[1], func(t *testing.T) {
			args := strings.Fields(strings.ReplaceAll(m[1], `"disk dies"`, "disk-dies"))
			cmd, rest, err := newRoot().Find(args)
			if err != nil || cmd.Name() != args[0] && cmd.Parent().Name() != args[0] {
				t.Fatalf("got %v, %v", cmd.Name(), err)
			}
			cmd.InitDefaultHelpFlag()
			if err := cmd.ParseFlags(rest); err != nil {
				t.Error(err)
			}
		})
	}
	if found < 10 {
		t.Errorf("got %d command lines, want those of the document", found)
	}
}
