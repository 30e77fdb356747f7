package control

import (
	"os/user"
	"strings"
	"testing"
	"unicode/utf8"
)

// The author of a change is who connected, whatever the request says.
func TestAuthor(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	n := site(t)
	_, socket := serve(t, n)
	applied, err := NewClient(socket).SetMode(t.Context(), ModeRequest{
		Edge: "a.example.net", Mode: "unavailable", Comment: "reboot", Claimed: "mallory",
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := applied.Edges[0].After; got.Author != me.Username || got.Claimed != "mallory" {
		t.Errorf("got author %q, claimed %q, want %q and mallory", got.Author, got.Claimed, me.Username)
	}
}

func TestAuthorWithoutName(t *testing.T) {
	const nobody = 4294967290
	for ctx, want := range map[string]string{"a number": "uid 4294967290", "none": ""} {
		c := t.Context()
		if want != "" {
			c = withPeer(c, nobody)
		}
		if got := author(c); got != want {
			t.Errorf("%s: got %q, want %q", ctx, got, want)
		}
	}
}

func TestClaimed(t *testing.T) {
	tests := []struct{ name, claimed, want string }{
		{"a name", "alice", "alice"},
		{"nothing", "", ""},
		{"another script", "Zoë", "Zoë"},
		{"escapes", "a\x1b[31m\n", "a?[31m?"},
		{"bidirectional", "a\u202eb", "a?b"},
		{"broken", "a\xff", "a?"},
		{"long", strings.Repeat("x", 100), strings.Repeat("x", 64)},
		{"long in the middle of a letter", strings.Repeat("x", 63) + "é", strings.Repeat("x", 63)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := claimed(tt.claimed)
			if got != tt.want || !utf8.ValidString(got) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
