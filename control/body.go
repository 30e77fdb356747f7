package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
)

// body decodes the body of a request into v, a pointer to a struct of plain values. It is strict where package json is
// not: a field that is misspelt, repeated or in other case is refused, since a change must not be made of half a request.
func (r *request) body(v any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return failf(CodeBadRequest, "reading the body: its Content-Type is %.60q: expected application/json", r.Header.Get("Content-Type"))
	}
	data, err := io.ReadAll(r.Body)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return failf(CodeTooLarge, "reading the body: it is over %d bytes", maxBody)
	}
	if err == nil {
		err = checkFields(data, fieldsOf(reflect.TypeOf(v).Elem()))
	}
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		return failf(CodeBadRequest, "reading the body: %v", err)
	}
	return nil
}

// fieldsOf returns the names that the fields of a struct have in JSON.
func fieldsOf(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// checkFields says what is wrong with the fields of a JSON object.
func checkFields(data []byte, known []string) error {
	if !json.Valid(data) || !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return errors.New("it is no JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return err
	}
	var seen []string
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name := token.(string) // of a valid object it is
		if !slices.Contains(known, name) {
			return failf(CodeBadRequest, "%.60q is no field of this request: expected %s", name, strings.Join(known, ", "))
		}
		if slices.Contains(seen, name) {
			return failf(CodeBadRequest, "field %s is given twice", name)
		}
		seen = append(seen, name)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
	}
	return nil
}

// MinFor and MaxFor bound how long a mode or a freeze may be set for: what is shorter is over before anybody sees it, and
// longer is a slip of the keyboard.
const (
	MinFor = time.Second
	MaxFor = 10 * 365 * 24 * time.Hour

	// ForRange is that in words.
	ForRange = "1s to 87600h, which is 10 years"
)

// duration reads a field with a Go duration; empty is 0, which is without an end.
func duration(field, s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, failf(CodeBadRequest, "reading field %s: %q is no duration such as 2h or 90m", field, s)
	}
	if d < MinFor || d > MaxFor {
		return 0, failf(CodeBadRequest, "reading field %s: %q is not in %s", field, s, ForRange)
	}
	return d, nil
}
