package hooks

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// manual returns the fenced blocks of a language in docs/hooks.md.
func manual(t *testing.T, language string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile("../docs/hooks.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?ms)^~~~ `+language+`\n(.*?)^~~~$`).FindAllSubmatch(text, -1) {
		blocks = append(blocks, string(m[1]))
	}
	if len(blocks) == 0 {
		t.Fatalf("docs/hooks.md has no example of %s", language)
	}
	return blocks
}

// The event in the documentation is one that is really made, field by field.
func TestDocumentedEvent(t *testing.T) {
	for _, block := range manual(t, "json") {
		e := decode(t, []byte(block))
		m, err := compose(e)
		if err != nil {
			t.Fatal(err)
		}
		var want, got map[string]any
		if err := json.Unmarshal([]byte(block), &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(m.body, &got); err != nil {
			t.Fatal(err)
		}
		got["id"] = want["id"]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("event (-documented +made):\n%s", diff)
		}
		if bytes.Count(m.body, []byte("\n")) != 1 || !bytes.HasSuffix(m.body, []byte("\n")) {
			t.Errorf("got %q, want one line", m.body)
		}
	}
}

// Every field and every kind is documented.
func TestDocumentedNames(t *testing.T) {
	text, err := os.ReadFile("../docs/hooks.md")
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(Event{
		Canaries: []Canary{{Displaced: "x"}}, CanariesMore: 1, ModesMore: 1, Families: []Family{{}},
		Modes:  []Mode{{Comment: "x", Author: "x", Claimed: "x", Expires: change("").At}},
		Freeze: &Freezing{Comment: "x", Author: "x", Claimed: "x", Expires: change("").At},
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range regexp.MustCompile(`"(\w+)":`).FindAllSubmatch(body, -1) {
		names = append(names, string(m[1]))
	}
	for _, k := range []Kind{Changed, Rung, Modes, Freeze, Zones, Round, Before} {
		names = append(names, string(k))
	}
	for _, name := range names {
		if !strings.Contains(string(text), "`"+name+"`") && !strings.Contains(string(text), `"`+name+`":`) {
			t.Errorf("docs/hooks.md says nothing of %s", name)
		}
	}
}

// The commands of the documentation make the signature that we make.
func TestDocumentedSignature(t *testing.T) {
	example := regexp.MustCompile(`(?s)secret='(.*?)'\ntimestamp=(\d+)\nbody='(.*?)'\n.*openssl dgst -sha256 -hmac.*\n# ([0-9a-f]{64})\n`)
	m := example.FindStringSubmatch(manual(t, "sh")[0])
	if m == nil {
		t.Fatal("docs/hooks.md has no such example any more")
	}
	if got, want := Sign([]byte(m[1]), m[2], []byte(m[3])), "sha256="+m[4]; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
