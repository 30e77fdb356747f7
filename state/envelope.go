package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// format is the version of state.json that this package writes, and the greatest that it reads.
const format = 1

// ErrFormat is wrapped by the error for a state.json of a newer format. Starting anyway would end in writing over it.
var ErrFormat = errors.New("written by a newer version")

// envelope is state.json. State stays raw because the checksum is of its bytes, not of its meaning.
type envelope struct {
	Format int             `json:"format"`
	SHA256 string          `json:"sha256"`
	State  json.RawMessage `json:"state"`
}

// encodeDocument returns the content of state.json for d. Equal documents give equal bytes.
func encodeDocument(d *Document) ([]byte, error) {
	compact, err := json.Marshal(fold(d))
	if err != nil {
		return nil, fmt.Errorf("encoding state: %w", err)
	}
	state := inLines(make([]byte, 0, len(compact)*5/4), compact, 1)
	sum := sha256.Sum256(state)
	var b bytes.Buffer
	b.Grow(len(state) + 128)
	fmt.Fprintf(&b, "{\n  \"format\": %d,\n  \"sha256\": \"%x\",\n  \"state\": ", format, sum)
	b.Write(state)
	b.WriteString("\n}\n")
	return b.Bytes(), nil
}

// decodeDocument reads the content of state.json. Its error wraps ErrFormat when the content is not damaged but newer.
func decodeDocument(data []byte) (Document, error) {
	var e envelope
	if err := json.Unmarshal(data, &e); err != nil {
		return Document{}, fmt.Errorf("decoding state: %w", err)
	}
	// A digit of the format that flipped must not pass for a newer version, which would keep the server from starting:
	// where the checksum is right the state is whole and of format 1. A later format has to name its checksum otherwise.
	if sum := sha256.Sum256(e.State); hex.EncodeToString(sum[:]) != e.SHA256 {
		if e.Format > format {
			return Document{}, fmt.Errorf("format %d, where %d is the newest known: %w", e.Format, format, ErrFormat)
		}
		return Document{}, fmt.Errorf("decoding state: its sha256 is %x, not %q", sum, e.SHA256)
	}
	var s stored
	if err := json.Unmarshal(e.State, &s); err != nil {
		return Document{}, fmt.Errorf("decoding state: %w", err)
	}
	return s.unfold(), nil
}
