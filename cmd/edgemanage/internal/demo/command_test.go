package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var unexported = cmp.AllowUnexported(command{}, step{})

func TestParseCommand(t *testing.T) {
	tests := []struct {
		line string
		want command
		err  string
	}{
		{"", command{}, ""},
		{" \t", command{}, ""},
		{"q", command{quit: true}, ""},
		{"Quit", command{quit: true}, ""},
		{"x1", command{behaviour: Stopped, edges: []int{0}}, ""},
		{" S 1, 6 ", command{behaviour: Slow, edges: []int{0, 5}}, ""},
		{"o66", command{behaviour: Healthy, edges: []int{5}}, ""},
		{"h2", command{behaviour: Hanging, edges: []int{1}}, ""},
		{"b3", command{behaviour: Broken, edges: []int{2}}, ""},
		{"x", command{}, `reading "x": expected the number of an edge after "x", as in x1`},
		{"x7", command{}, `reading "x7": there is no edge '7': expected 1 to 6`},
		{"x0", command{}, `reading "x0": there is no edge '0': expected 1 to 6`},
		{"?", command{}, `reading "?": "?" is no command`},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			got, err := parseCommand(tt.line)
			if text := errorText(err); text != tt.err {
				t.Errorf("got error %q, want %q", text, tt.err)
			}
			if diff := cmp.Diff(tt.want, got, unexported); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseScript(t *testing.T) {
	tests := []struct {
		text string
		want Script
		err  string
	}{
		{"", nil, ""},
		{"5s x1; 1m o 1;", Script{{5 * time.Second, command{behaviour: Stopped, edges: []int{0}}}, {time.Minute, command{edges: []int{0}}}}, ""},
		{"0s; 30s q", Script{{}, {30 * time.Second, command{quit: true}}}, ""},
		{"x1", nil, `reading step "x1": "x1" is no time to wait: expected one as in "5s x1"`},
		{"-1s x1", nil, `reading step "-1s x1": "-1s" is no time to wait: expected one as in "5s x1"`},
		{"2s x1; 1s o1", nil, `reading step "1s o1": it comes before the step it follows`},
		{"2s z1", nil, `reading step "2s z1": reading "z1": "z" is no command`},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := ParseScript(tt.text)
			if text := errorText(err); text != tt.err {
				t.Errorf("got error %q, want %q", text, tt.err)
			}
			if diff := cmp.Diff(tt.want, got, unexported); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever is typed, a command names edges that exist, each once, and the steps of a script are in order.
func FuzzParseScript(f *testing.F) {
	f.Add("5s x1; 20s o 1,2; 30s q")
	f.Add("0s; 1ms s654321")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseScript(text)
		if err != nil && (s != nil || !strings.HasPrefix(err.Error(), "reading step ")) {
			t.Errorf("got %v and error %v", s, err)
		}
		for i, step := range s {
			if i > 0 && step.after < s[i-1].after {
				t.Errorf("got %v, want it in the order of time", s)
			}
			seen := map[int]bool{}
			for _, e := range step.edges {
				if e < 0 || e >= edgeCount || seen[e] {
					t.Errorf("got edges %v", step.edges)
				}
				seen[e] = true
			}
		}
	})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
