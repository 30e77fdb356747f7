package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/internal/outfile"
)

// changesLimit is the number of lines at which changes.jsonl is rotated.
const changesLimit = 1000

// Change is one line of changes.jsonl: something that an operator will ask about later, and why it happened.
type Change struct {
	At time.Time `json:"at"`
	// Kind says what changed: "set", "rung", "mode", "canary", "freeze" or "contact".
	Kind string `json:"kind"`
	// Family is "ipv4" or "ipv6", empty for what concerns both.
	Family string `json:"family,omitempty"`
	// Edge is the edge that a change of one edge is about, or the pattern that several modes were set by.
	Edge string `json:"edge,omitempty"`
	// Edges are those edges, where there are several.
	Edges []string `json:"edges,omitempty"`
	// Before and After are the live set, or one word: the mode, the rung, in or out for a canary, frozen or unfrozen,
	// contact or no contact.
	Before []string `json:"before,omitempty"`
	After  []string `json:"after,omitempty"`
	Rung   string   `json:"rung,omitempty"`
	// Serial is the network's after a change of a set.
	Serial uint32 `json:"serial,omitempty"`
	// Zone is that of a canary, empty where several moved at once.
	Zone   string `json:"zone,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Author, Claimed and Comment are those of an operator's change; see Mode.
	Author  string `json:"author,omitempty"`
	Claimed string `json:"claimed,omitempty"`
	Comment string `json:"comment,omitempty"`
}

// encodeChange returns the line for c.
func encodeChange(c Change) ([]byte, error) {
	line, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encoding change: %w", err)
	}
	return append(line, '\n'), nil
}

// decodeChanges returns the changes of a file, oldest first. It passes over lines that are none.
func decodeChanges(data []byte) []Change {
	var changes []Change
	for line := range bytes.Lines(data) {
		var c Change
		if json.Unmarshal(line, &c) == nil && c.Kind != "" {
			changes = append(changes, c)
		}
	}
	return changes
}

// ReadChanges returns the last n changes in dir, newest first, without lock or writing. A directory without any is no
// error.
func ReadChanges(dir string, n int) ([]Change, error) {
	root, err := outfile.OpenDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading changes: %w", err)
	}
	defer root.Close()
	var changes []Change
	var newer fs.FileInfo
	for _, name := range []string{changesName, changesName + rotated} {
		if len(changes) >= n {
			break
		}
		data, info, err := readFile(root, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("reading changes: %w", err)
		}
		if info == nil || newer != nil && os.SameFile(newer, info) {
			continue // there is none, or it was rotated since it was read
		}
		newer = info
		older := decodeChanges(data)
		slices.Reverse(older)
		changes = append(changes, older...)
	}
	return changes[:max(0, min(n, len(changes)))], nil
}

func readFile(root *os.Root, name string) ([]byte, fs.FileInfo, error) {
	f, err := openFile(root, name, os.O_RDONLY)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(f)
	return data, info, err
}
