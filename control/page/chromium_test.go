//go:build e2e

package page

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// windows are those that a page is looked at in.
var windows = []struct {
	name          string
	width, height int64
	scheme        string
}{
	{"light", 1280, 900, "light"},
	{"dark", 1280, 900, "dark"},
	{"tablet", 820, 1180, "light"},
	{"narrow", 360, 740, "light"},
	{"narrow-dark", 360, 740, "dark"},
	{"wall", 2560, 1440, "dark"},
}

// TestWindows shows every site in every window: nothing may be wider than the window, every text is to be read, and the
// browser finds nothing to complain of.
func TestWindows(t *testing.T) {
	for name, s := range map[string]site{
		"calm": calm(), "frozen": frozen(), "disaster": disaster(), "empty": emptySite(), "hostile": poisoned(),
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, s)
			for _, w := range windows {
				b.show(w.width, w.height, w.scheme)
				b.wait("!document.getElementById('filter').parentElement.hidden")
				b.shoot(name + "-" + w.name)
				if got := is[float64](b, "document.documentElement.scrollWidth"); got > float64(w.width) {
					t.Errorf("%s: the page is %v wide in a window of %d", w.name, got, w.width)
				}
				if got := is[[]string](b, overlapping); len(got) > 0 {
					t.Errorf("%s: these reach over their cells: %q", w.name, got)
				}
				if got := is[[]string](b, broken); len(got) > 0 && name != "hostile" {
					t.Errorf("%s: these are broken into lines: %q", w.name, got)
				}
				for _, text := range faint(b) {
					t.Errorf("%s: %s", w.name, text)
				}
			}
			if got := b.complaints(); got != "" {
				t.Errorf("the browser complains:\n%s", got)
			}
		})
	}
}

// overlapping finds what stands over its neighbour.
const overlapping = `[...document.querySelectorAll("th, td, dd, dt, li, p, .chip")].filter(e =>
  getComputedStyle(e).overflow === "visible" && e.closest("thead")?.offsetWidth !== 1 && e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1
).map(e => e.className + ": " + e.textContent.trim().slice(0, 60))`

// broken finds addresses and words of state that go over more than a line.
const broken = `[...document.querySelectorAll("code, .state .chip, .rung .chip")].filter(e => e.getClientRects().length > 1 ||
  e.offsetHeight > 1.9 * parseFloat(getComputedStyle(e).fontSize)).map(e => e.textContent)`

// A colour scheme is one that is seen, not only one that is asked for.
func TestColourSchemes(t *testing.T) {
	b := open(t, calm())
	brightness := map[string]float64{}
	for _, scheme := range []string{"light", "dark"} {
		b.show(1280, 900, scheme)
		ground := is[[]float64](b, `getComputedStyle(document.documentElement).backgroundColor.match(/[\d.]+/g).map(Number)`)
		brightness[scheme] = luminance(ground)
	}
	if brightness["light"] < 0.8 || brightness["dark"] > 0.05 {
		t.Errorf("the ground's luminance is %v, want light to be light and dark to be dark", brightness)
	}
}

// texts finds each text that is seen with its colour, and the grounds behind it from the nearest to the farthest.
const texts = `[...document.querySelectorAll("body *")].filter(e =>
  [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.checkVisibility() && !e.closest("svg, .unseen, noscript")
).map(e => {
  const grounds = [];
  for (let p = e; p; p = p.parentElement) grounds.push(getComputedStyle(p).backgroundColor);
  const s = getComputedStyle(e);
  return { text: e.textContent.trim().slice(0, 40), colour: s.color, grounds, opacity: Number(s.opacity) };
})`

type seen struct {
	Text    string   `json:"text"`
	Colour  string   `json:"colour"`
	Grounds []string `json:"grounds"`
	Opacity float64  `json:"opacity"`
}

// faint returns the texts whose contrast is under 4.5, what WCAG 2.2 (1.4.3, level AA) asks of text.
func faint(b *browser) []string {
	b.t.Helper()
	var found []string
	all := is[[]seen](b, texts)
	if len(all) < 10 {
		b.t.Errorf("only %d texts are seen", len(all))
	}
	for _, s := range all {
		ground := []float64{255, 255, 255}
		for _, g := range s.Grounds {
			if c := rgb(b.t, g); len(c) == 3 || c[3] == 1 {
				ground = c
				break
			} else if c[3] != 0 {
				b.t.Errorf("%q stands on %s, which is half transparent", s.Text, g)
			}
		}
		if got := contrast(rgb(b.t, s.Colour), ground); got < 4.5 || s.Opacity != 1 {
			found = append(found, fmt.Sprintf("%q has a contrast of %.2f, opacity %v", s.Text, got, s.Opacity))
		}
	}
	return found
}

// rgb reads a colour as browsers compute it, "rgb(1, 2, 3)" or "rgba(1, 2, 3, 0.5)".
func rgb(t testing.TB, colour string) []float64 {
	t.Helper()
	var c [4]float64
	if n, err := fmt.Sscanf(colour, "rgba(%g, %g, %g, %g)", &c[0], &c[1], &c[2], &c[3]); n == 4 && err == nil {
		return c[:]
	}
	if n, err := fmt.Sscanf(colour, "rgb(%g, %g, %g)", &c[0], &c[1], &c[2]); n != 3 || err != nil {
		t.Fatalf("%q is no colour", colour)
	}
	return c[:3]
}

// luminance and contrast are as WCAG 2.2 defines them.
func luminance(c []float64) float64 {
	linear := func(v float64) float64 {
		v /= 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

func contrast(a, b []float64) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// TestMeaning looks at the page as programs that read it aloud do.
func TestMeaning(t *testing.T) {
	b := open(t, frozen())
	b.show(1280, 900, "light")
	tests := []struct {
		name, expression string
		want             []string
	}{
		{"headings", `[...document.querySelectorAll("h1, h2, h3")].slice(0, 7).map(e => e.tagName + " " + e.textContent)`,
			[]string{"H1 edgemanage", "H2 deflect", "H3 IPv4", "H3 IPv6", "H3 Edges", "H3 Canaries", "H3 Changes of the last day"}},
		{"the banner is announced", `[...document.querySelectorAll("[aria-live=polite] .notice strong")].map(e => e.textContent)`, []string{"FROZEN"}},
		{"live edges", `[...document.querySelectorAll("#network-1 .live .name")].map(e => e.textContent)`,
			[]string{"edge01.example.net", "edge02.example.net", "edge03.example.net", "edge06.example.net"}},
		{"column headers have a scope", `[...new Set([...document.querySelectorAll("th")].map(e => e.scope))].sort()`, []string{"col", "row"}},
		{"every drawing has a label", `[...document.querySelectorAll("svg")].filter(e => e.getAttribute("role") !== "img" || !e.getAttribute("aria-label")).map(e => e.outerHTML)`, []string{}},
		{"failures are marked", `[...document.querySelectorAll("tr")].filter(e => e.querySelector(".failure")).map(e => e.querySelector("th").innerText.split("\n")[0] + " " + e.querySelectorAll(".failure").length)`,
			[]string{"edge08.example.net 5", "edge04.example.net 1", "example.org. 3"}},
		{"times are absolute", `[...document.querySelectorAll("time")].filter(e => !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(e.dateTime)).map(e => e.outerHTML)`, []string{}},
		{"identifiers are of one element", `(ids => ids.filter((id, i) => ids.indexOf(id) !== i))([...document.querySelectorAll("[id]")].map(e => e.id))`, []string{}},
		{"labels point at something", `[...document.querySelectorAll("[aria-labelledby]")].filter(e => !document.getElementById(e.getAttribute("aria-labelledby"))).map(e => e.outerHTML)`, []string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, is[[]string](b, tt.expression)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestHostileInBrowser asks the browser what it made of hostile text: nothing but text.
func TestHostileInBrowser(t *testing.T) {
	b := open(t, poisoned())
	b.show(1280, 900, "light")
	look(b) // what the script takes over is text, too
	if got := is[string](b, `[...document.querySelectorAll("script, img, iframe, object, [onerror], [style]")].map(e => e.outerHTML).join()`); strings.Count(got, "<") != 2 {
		t.Errorf("the page holds %s, want its own script", got)
	}
	if got := is[string](b, `document.querySelector(".notice bdi").textContent`); !strings.Contains(got, `<script>alert("x")</script>`) {
		t.Errorf("the text is not shown: %q", got)
	}
	if got := b.complaints(); got != "" {
		t.Errorf("the browser complains:\n%s", got)
	}
}
