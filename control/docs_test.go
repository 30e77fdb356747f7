package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/deflect-ca/coredns-edgemanage/trace"
)

// sections are those of docs/control.md, by heading.
func sections(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("../docs/control.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	heading := ""
	for line := range strings.Lines(string(data)) {
		if hashes, title, ok := strings.Cut(strings.TrimSpace(line), " "); ok && strings.Trim(hashes, "#") == "" && hashes != "" {
			heading = title
		}
		sections[heading] += line
	}
	return sections
}

// fence finds the examples of a section: their language, and what they are.
var fence = regexp.MustCompile("(?ms)^~~~ (json|sh)[a-z ]*\n(.*?)^~~~$")

// examples returns the examples of a section in a language.
func examples(section, language string) (all []string) {
	for _, m := range fence.FindAllStringSubmatch(section, -1) {
		if m[1] == language {
			all = append(all, m[2])
		}
	}
	return all
}

// answers are the types of the answers, by what the sections of endpoints are headed with.
var answers = map[string]any{
	"GET /v1/networks": Networks{}, "GET /v1/edges": Edges{}, "GET /v1/explain": Edges{}, "GET /v1/history": History{},
	"GET /v1/recent": Recent{}, "GET /v1/changes": Changes{}, "GET /v1/canaries": Canaries{}, "GET /v1/trace": nil,
	"POST /v1/mode": Applied{}, "POST /v1/freeze": Applied{}, "POST /v1/unfreeze": Applied{}, "Errors": Failure{},
}

// strictly decodes JSON and takes no field that the type lacks.
func strictly(data string, v any) error {
	d := json.NewDecoder(strings.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one value")
	}
	return nil
}

func TestDocumentedEndpoints(t *testing.T) {
	all := sections(t)
	for path, e := range reads {
		heading := "GET " + path
		for _, param := range e.params {
			if !strings.Contains(all[heading], "`"+param+"`") {
				t.Errorf("%s: parameter %s is not there", heading, param)
			}
		}
	}
	for path := range changes {
		if all["POST "+path] == "" {
			t.Errorf("there is no POST %s", path)
		}
	}
	for heading := range all {
		method, path, _ := strings.Cut(heading, " ")
		if _, ok := reads[path]; method == "GET" && !ok {
			t.Errorf("%s does not exist", heading)
		}
		if _, ok := changes[path]; method == "POST" && !ok {
			t.Errorf("%s does not exist", heading)
		}
	}
}

func TestDocumentedAnswers(t *testing.T) {
	all := sections(t)
	for heading, answer := range answers {
		t.Run(heading, func(t *testing.T) {
			found := examples(all[heading], "json")
			if len(found) == 0 {
				t.Fatal("there is no example")
			}
			for _, example := range found {
				if answer == nil {
					if _, err := trace.Parse("example", []byte(example)); err != nil {
						t.Error(err)
					}
					continue
				}
				v := reflect.New(reflect.TypeOf(answer))
				if err := strictly(example, v.Interface()); err != nil {
					t.Errorf("%v in %s", err, example)
				}
				if v.Elem().IsZero() {
					t.Errorf("there is nothing in %s", example)
				}
			}
		})
	}
}

// The requests of the examples are asked of a network that has the edges they name.
func TestDocumentedRequests(t *testing.T) {
	h := whole(site(t))
	for heading, section := range sections(t) {
		method, path, _ := strings.Cut(heading, " ")
		if method != "GET" && method != "POST" {
			continue
		}
		t.Run(heading, func(t *testing.T) {
			found := examples(section, "sh")
			if len(found) == 0 {
				t.Fatal("there is no example")
			}
			for _, example := range found {
				target := regexp.MustCompile(`http://x(/[^ '\n]*)`).FindStringSubmatch(example)
				if target == nil || !strings.Contains(example, "curl --unix-socket") {
					t.Fatalf("%q is no request by curl", example)
				}
				body := ""
				if m := regexp.MustCompile(`--json '(.*?)'`).FindStringSubmatch(example); m != nil {
					body = m[1]
				}
				u, err := url.Parse(target[1])
				if err != nil || u.Path != path {
					t.Fatalf("%q is a request of another path (%v)", example, err)
				}
				if _, code := ask(h, method, target[1], body); code != "ok" {
					t.Errorf("%q comes to %s", example, code)
				}
			}
		})
	}
}

// Every field of every type, every request and every code is explained.
func TestDocumentedFields(t *testing.T) {
	all := sections(t)
	types := map[string]any{
		"GET /v1/networks": Networks{}, "GET /v1/edges": Edges{}, "GET /v1/history": History{}, "GET /v1/recent": Recent{},
		"GET /v1/changes": Changes{}, "GET /v1/canaries": Canaries{}, "POST /v1/mode": ModeRequest{}, "POST /v1/freeze": FreezeRequest{},
	}
	for _, v := range []any{
		Network{}, Family{}, Budget{}, Counts{}, Mode{}, Freeze{}, Edge{}, Series{}, Sample{}, Change{}, Canary{}, Applied{}, EdgeMode{},
		FamilyOutcome{}, Move{},
	} {
		types[reflect.TypeOf(v).Name()] = v
	}
	field := regexp.MustCompile("(?m)^\\| ((?:`[a-z_]+`(?:, )?)+) \\|")
	for heading, v := range types {
		t.Run(heading, func(t *testing.T) {
			var told []string
			for _, m := range field.FindAllStringSubmatch(all[heading], -1) {
				for _, name := range strings.Split(m[1], ", ") {
					told = append(told, strings.Trim(name, "`"))
				}
			}
			known := fieldsOf(reflect.TypeOf(v))
			for _, name := range known {
				if !slices.Contains(told, name) {
					t.Errorf("field %s is not there", name)
				}
			}
			for _, name := range told {
				if e := reads[strings.TrimPrefix(heading, "GET ")]; !slices.Contains(known, name) && !slices.Contains(e.params, name) {
					t.Errorf("field %s does not exist", name)
				}
			}
		})
	}
}

func TestDocumentedCodes(t *testing.T) {
	section := sections(t)["Errors"]
	for code, status := range statuses {
		if !regexp.MustCompile("(?m)^\\| `" + code + "` \\| " + regexp.QuoteMeta(jsonOf(t, status)) + " \\|").MatchString(section) {
			t.Errorf("code %s with status %d is not there", code, status)
		}
	}
	if got, want := strings.Count(section, "\n| `"), len(statuses)+1; got != want { // and the head of the table
		t.Errorf("there are %d codes, want %d", got-1, want-1)
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	data, err := encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(data))
}
