package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// decoder walks a JSON document token by token and knows where it is, which
// encoding/json alone does not: that accepts repeated fields, takes names in any
// case, and does not say where an unknown one stands.
type decoder struct {
	file string
	data []byte
	json *json.Decoder
	path []any // keys and indices from the root to the value being read
}

// newDecoder checks that data is one well-formed JSON value.
func newDecoder(file string, data []byte) (*decoder, error) {
	var raw json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		line := lineAt(data, int64(len(data)))
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			line = lineAt(data, syntax.Offset)
		}
		return nil, fmt.Errorf("reading trace %q: line %d: %w", file, line, err)
	}
	d := &decoder{file: file, data: data, json: json.NewDecoder(bytes.NewReader(data))}
	d.json.UseNumber()
	return d, nil
}

func lineAt(data []byte, offset int64) int {
	offset = min(max(offset, 0), int64(len(data)))
	return 1 + bytes.Count(data[:offset], []byte{'\n'})
}

// fail returns an error about the value being read.
func (d *decoder) fail(format string, args ...any) error {
	where := ""
	if len(d.path) > 0 {
		where = d.where() + ": "
	}
	return fmt.Errorf("reading trace %q: line %d: %s%w",
		d.file, lineAt(d.data, d.json.InputOffset()), where, fmt.Errorf(format, args...))
}

// where renders the path, as rounds[3].fetch["192.0.2.1"].
func (d *decoder) where() string {
	var b strings.Builder
	for _, step := range d.path {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		case string:
			switch {
			case !plainKey(step):
				b.WriteString("[" + strconv.Quote(step) + "]")
			case b.Len() > 0:
				b.WriteString("." + step)
			default:
				b.WriteString(step)
			}
		}
	}
	return b.String()
}

func plainKey(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// inside runs read one step further down the path.
func (d *decoder) inside(step any, read func() error) error {
	d.path = append(d.path, step)
	if err := read(); err != nil {
		return err // the path was rendered where the error arose
	}
	d.path = d.path[:len(d.path)-1]
	return nil
}

// object reads an object, calling field to read the value of each key.
func (d *decoder) object(field func(key string) error) error {
	if err := d.open('{', "an object"); err != nil {
		return err
	}
	seen := make(map[string]bool)
	for d.json.More() {
		t, err := d.json.Token()
		if err != nil {
			return d.fail("%w", err)
		}
		key, _ := t.(string)
		err = d.inside(key, func() error {
			if seen[key] {
				return d.fail("given twice")
			}
			seen[key] = true
			return field(key)
		})
		if err != nil {
			return err
		}
	}
	return d.skip()
}

// array reads an array, calling item to read each value.
func (d *decoder) array(item func() error) error {
	if err := d.open('[', "an array"); err != nil {
		return err
	}
	for i := 0; d.json.More(); i++ {
		if err := d.inside(i, item); err != nil {
			return err
		}
	}
	return d.skip()
}

func (d *decoder) open(delim json.Delim, want string) error {
	t, err := d.json.Token()
	if err != nil {
		return d.fail("%w", err)
	}
	if t != delim {
		return d.fail("want %s, got %s", want, kind(t))
	}
	return nil
}

// skip passes over the closing delimiter, which newDecoder made sure is there.
func (d *decoder) skip() error {
	if _, err := d.json.Token(); err != nil {
		return d.fail("%w", err)
	}
	return nil
}

// scalar reads a value of type T, described by want in errors.
func scalar[T any](d *decoder, want string) (T, error) {
	t, err := d.json.Token()
	if err != nil {
		var zero T
		return zero, d.fail("%w", err)
	}
	v, ok := t.(T)
	if !ok {
		return v, d.fail("want %s, got %s", want, kind(t))
	}
	return v, nil
}

func kind(t json.Token) string {
	switch t := t.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case json.Delim:
		if t == '{' {
			return "an object"
		}
		return "an array"
	default:
		return fmt.Sprintf("%T", t)
	}
}
