//go:build e2e

package page

import (
	"testing"
)

// windows are those that a page is looked at in.
var windows = []struct {
	name          string
	width, height int64
	scheme        string
}{
	{"light", 1280, 900, "light"},
	{"dark", 1280, 900, "dark"},
	{"narrow", 360, 740, "light"},
	{"narrow-dark", 360, 740, "dark"},
	{"wall", 2560, 1440, "dark"},
}

// TestWindows shows every site in every window: nothing may be wider than the window, and nobody may complain.
func TestWindows(t *testing.T) {
	for name, s := range map[string]site{
		"calm": calm(), "frozen": frozen(), "disaster": disaster(), "empty": emptySite(), "poisoned": poisoned(),
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, s)
			for _, w := range windows {
				b.show(w.width, w.height, w.scheme)
				b.shoot(name + "-" + w.name)
				if got, want := is[float64](b, "document.documentElement.scrollWidth"), float64(w.width); got > want {
					t.Errorf("%s: the page is %v wide in a window of %v", w.name, got, want)
				}
			}
			if got := b.complaints(); got != "" {
				t.Errorf("the browser complains:\n%s", got)
			}
		})
	}
}
