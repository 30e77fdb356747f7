package edgemanage

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/hooks"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

func TestOneLine(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"words", "new disk; 50 % done: \"été\" 漢字", "new disk; 50 % done: \"été\" 漢字"},
		{"a line", "x\n[ERROR] forged", `x\n[ERROR] forged`},
		{"a return", "x\r\ny", `x\r\ny`},
		{"a terminal's", "\x1b[31mred\a", `\x1b[31mred\a`},
		{"direction of writing", "\u202eabc\u2028", `\u202eabc\u2028`},
		{"NUL", "\x00", `\x00`},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := oneLine(tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Nobody writes lines of our log: the reason why an edge left has the comment of an operator in it, an error of a webhook
// the names that a stranger's certificate holds.
func TestForgedLogLines(t *testing.T) {
	const forged = "x\r\n[ERROR] plugin/edgemanage: forged\x1b[31m"
	stranger := x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{forged}}, Host: "hook.example.net"}
	told = newReports[silence]() // nothing was said yet
	for _, tt := range []struct {
		name  string
		event network.Event
	}{
		{"set", network.SetChanged{Text: "a left (unavailable: " + forged + ")"}},
		{"rung", network.RungChanged{Before: selector.Full, After: selector.Short, Text: forged}},
		{"canary", network.CanariesChanged{Changes: []network.CanaryChanged{{Active: true, Text: forged}}}},
		{"note", network.Note{Text: forged}},
		{"warning", network.Warning{Text: forged}},
		{"fault", network.Fault{Text: forged}},
		{"webhook", network.Hooked{Kind: hooks.Webhook, Target: "https://hook.example.net", Err: stranger, Lost: true}},
		{"webhook that is tried again", network.Hooked{Kind: hooks.Webhook, Target: "https://hook.example.net", Err: stranger}},
		{"command", network.Hooked{Kind: hooks.Run, Target: "notify", Err: errors.New(forged), Stderr: forged}},
		{"command that ends well", network.Hooked{Kind: hooks.Run, Target: "notify", Stderr: forged, Took: time.Second}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := logged(func() { observer{}.Observe("mynet", tt.event) })
			if strings.ContainsAny(got, "\n\r\x1b") || !strings.Contains(got, "forged") {
				t.Errorf("got %q, want one line with it", got)
			}
		})
	}
}
