package page

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/*.outline anew")

// blocks begin a line of an outline.
var blocks = map[string]string{
	"h1": "# ", "h2": "## ", "h3": "### ", "p": "", "li": "- ", "tr": "| ", "div": "", "summary": "", "dl": "", "section": "",
	"caption": "caption: ", "footer": "", "label": "",
}

// outline is what a page says: its text line by line, with the labels of drawings. That the markup is well-formed comes
// with it.
func outline(t *testing.T, page []byte) string {
	t.Helper()
	// XML knows no attributes without a value, nor elements without an end.
	page = regexp.MustCompile(`<(meta|link|input)([^>]*)>`).ReplaceAll(page, []byte(`<$1$2/>`))
	page = regexp.MustCompile(` (defer|hidden)>`).ReplaceAll(page, []byte(` $1="">`))
	d := xml.NewDecoder(bytes.NewReader(page))
	d.Entity = xml.HTMLEntity
	var lines []string
	var line strings.Builder
	inSVG := false
	flush := func() {
		if text := strings.Join(strings.Fields(line.String()), " "); strings.Trim(text, "|-# ") != "" {
			lines = append(lines, text)
		}
		line.Reset()
	}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			flush()
			return strings.Join(lines, "\n") + "\n"
		}
		if err != nil {
			t.Fatalf("%v after:\n%s", err, strings.Join(lines, "\n"))
		}
		switch e := token.(type) {
		case xml.StartElement:
			inSVG = inSVG || e.Name.Local == "svg"
			if e.Name.Local == "title" && !inSVG {
				line.WriteString("title: ")
			}
			if begin, ok := blocks[e.Name.Local]; ok {
				flush()
				line.WriteString(begin)
			}
			if e.Name.Local == "td" {
				line.WriteString(" | ")
			}
		case xml.EndElement:
			inSVG = inSVG && e.Name.Local != "svg"
			if _, ok := blocks[e.Name.Local]; ok {
				flush()
			}
		case xml.CharData:
			line.Write(e)
		}
	}
}

// TestOutline compares what pages say with what they said.
func TestOutline(t *testing.T) {
	pages := map[string]*stage{
		"calm": {site: calm()}, "frozen": {site: frozen()}, "disaster": {site: disaster()}, "empty": {site: emptySite()},
		"hostile": {site: poisoned()}, "no-networks": {site: site{version: "v1.2.0", at: noon}},
	}
	for name, s := range pages {
		t.Run(name, func(t *testing.T) {
			w := request(s.handler(), "GET", "/")
			got := outline(t, w.Body.Bytes())
			path := filepath.Join("testdata", name+".outline")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What others write must stay text: no element, no attribute, nothing invisible comes of it.
func TestHostileText(t *testing.T) {
	for name, target := range map[string]string{
		"written": "/", "asked": "/?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%20onfocus%3Dalert(1)%20%1b%5b31m%e2%80%ae",
	} {
		t.Run(name, func(t *testing.T) {
			page := request((&stage{site: poisoned()}).handler(), "GET", target).Body.String()
			if got := strings.Count(page, "<script"); got != 1 {
				t.Errorf("%d scripts, want our own", got)
			}
			for _, r := range []rune{'\x1b', '\u202e', 0} {
				if strings.ContainsRune(page, r) {
					t.Errorf("the page holds %U", r)
				}
			}
			names := regexp.MustCompile(`="[^"]*"`).ReplaceAllString(page, "=") // values are text, too
			if bad := regexp.MustCompile(`<img|<[^>]*\s(on\w+|style)\s*=|javascript:`).FindString(names); bad != "" {
				t.Errorf("the page holds %q", bad)
			}
			outline(t, []byte(page)) // well-formed
		})
	}
}

// The policy forbids what is inline, and everything that is not ours.
func TestNothingFromOutside(t *testing.T) {
	contents := map[string]string{"page": request((&stage{site: calm()}).handler(), "GET", "/").Body.String()}
	for name, a := range assets {
		contents[name] = string(a.content)
	}
	outside := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9]|@import|url\(|data:|<style|\sstyle=|<script>|eval\(|innerHTML`)
	for name, content := range contents {
		content = strings.ReplaceAll(content, "http://www.w3.org/2000/svg", "") // a name, and no address
		if got := outside.FindString(content); got != "" {
			t.Errorf("%s holds %q", name, got)
		}
	}
}
