package config

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/coredns/caddy/caddyfile"
)

// Convert writes the block of a Corefile that means the same as an edgemanage.yaml does for a network: the settings that
// ReadPython gave, which keep their relative paths. It fails for a value that a Corefile cannot hold.
func Convert(w io.Writer, network string, settings []Setting) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "edgemanage %s {\n", network)
	for _, s := range settings {
		words := []string{s.Name}
		for _, arg := range s.Args {
			word, err := corefileWord(arg)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", s.At, s.Key, err)
			}
			words = append(words, word)
		}
		fmt.Fprintf(&b, "    %s\n", strings.Join(words, " "))
	}
	b.WriteString("}\n")
	_, err := w.Write(b.Bytes())
	return err
}

// corefileWord writes a word as the lexer of Corefiles reads it back. What it makes of it is tried: quotes, braces, comments
// and the names of environment variables each have rules of their own.
func corefileWord(s string) (string, error) {
	quoted := `"` + strings.ReplaceAll(s, `"`, `\"`) + `"`
	for _, word := range []string{s, quoted} {
		blocks, err := caddyfile.Parse("word", strings.NewReader("key {\n\tproperty "+word+"\n}\n"), nil)
		if err != nil || len(blocks) != 1 {
			continue
		}
		tokens := blocks[0].Tokens["property"]
		if len(tokens) == 2 && tokens[1].Text == s && !strings.ContainsAny(s, "\n\r{}") {
			return word, nil
		}
	}
	return "", fmt.Errorf("%s cannot be written in a Corefile", quote(s))
}
