//go:build e2e

package page

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// look has the page look at the server again at once, and waits until it has.
func look(b *browser) {
	b.t.Helper()
	var moment string
	b.stage.set(func(s *site) {
		s.at = s.at.Add(time.Second)
		moment = s.at.UTC().Format(time.RFC3339)
	})
	b.do(chromedp.Evaluate[chromedp.Void](`window.dispatchEvent(new Event("online")); undefined`))
	b.wait(`document.getElementById("updated").dateTime === "` + moment + `"`)
}

// row finds the row of an edge.
func row(edge string) string {
	return `[...document.querySelectorAll("tbody tr")].find(e => e.querySelector("th").textContent.startsWith("` + edge + `"))`
}

// TestUpdate changes what the networks do while somebody reads: the page follows by itself, and what is read stays.
func TestUpdate(t *testing.T) {
	b := open(t, frozen())
	b.show(1280, 600, "light")
	b.do(chromedp.Evaluate[chromedp.Void](`
		window.mark = 1;
		` + row("edge05") + `.querySelector("details").open = true;
		document.querySelector("#network-1 .timeline details").open = true;
		window.scrollTo(0, 700);
		window.cell = ` + row("edge09") + `.querySelector("th");
		window.link = document.querySelector("#network-2 .counts a"); link.focus({preventScroll: true});
		window.drawing = ` + row("edge01") + `.querySelector("svg");
		getSelection().selectAllChildren(cell);
		window.announced = 0;
		new MutationObserver(list => announced += list.length).observe(document.querySelector(".notices"), {subtree: true, childList: true, characterData: true, attributes: true});
		undefined`))
	look(b) // at what is the same but for its age
	if got := is[float64](b, `window.scrollY`); got != 700 {
		t.Errorf("the page scrolled from 700 to %v", got)
	}
	b.stage.set(func(s *site) {
		s.at = s.at.Add(5 * time.Second)
		r := &s.networks[0]
		r.edges[4].Mode = control.Mode{Mode: "unavailable", Comment: "flooded", Author: "ada", At: noon}
		r.edges[4].Reason = "out: unavailable"
		r.edges[0].Live = false // it moves to another place of the table
		r.edges[0].Grade = "fail"
		r.changes = append([]control.Change{{Network: "deflect", At: s.at, Kind: "mode", Edge: "edge05.example.net", Before: []string{"available"}, After: []string{"unavailable"}}}, r.changes...)
	})
	b.wait(row("edge05") + `.querySelector(".mode").textContent.includes("flooded")`)
	for _, expression := range []string{
		`window.mark === 1`, // it was not loaded anew
		row("edge05") + `.querySelector("details").open`,
		`window.cell.isConnected && ` + row("edge09") + `.querySelector("th") === window.cell`,
		`document.activeElement === window.link`,
		`window.drawing.isConnected && ` + row("edge01") + `.querySelector("svg") === window.drawing`,
		`getSelection().toString().startsWith("edge09.example.net")`,
		`!` + row("edge01") + `.classList.contains("is-live")`,
		`document.querySelectorAll("#network-1 .timeline details").length === 5`,
		`!document.querySelectorAll("#network-1 .timeline details")[0].open && document.querySelectorAll("#network-1 .timeline details")[1].open`,
		`document.getElementById("away").hidden`,
		`window.announced === 0`, // what did not change is not read aloud again
	} {
		if !is[bool](b, expression) {
			t.Errorf("it does not hold that %s", expression)
		}
	}
	order := is[[]string](b, `[...document.querySelectorAll("#network-1 .edges tbody th .name")].map(e => e.textContent.slice(0, 6))`)
	if got, want := strings.Join(order, " "), "edge02 edge03 edge06 edge07 edge09 edge12 edge10 edge11 edge01 edge08 edge04 edge05 edge99"; got != want {
		t.Errorf("the rows are %s, want %s", got, want)
	}
	b.shoot("updated")
	if got := b.complaints(); got != "" {
		t.Errorf("the browser complains:\n%s", got)
	}
}

// Whatever a page becomes, taking over what differs makes the same of it as loading it.
func TestUpdateIsLoad(t *testing.T) {
	b := open(t, calm())
	b.show(1280, 900, "light")
	const content = `document.getElementById("main").innerHTML`
	sites := []site{disaster(), emptySite(), frozen(), poisoned(), crowd(500), calm(), {version: "v2", at: noon}, frozen()}
	for i, s := range sites {
		b.stage.set(func(old *site) { s.at = old.at; *old = s })
		look(b)
		updated := is[string](b, content)
		b.do(chromedp.Reload())
		if loaded := is[string](b, content); loaded != updated {
			t.Errorf("site %d: the page updated is not the page loaded:\n%s\n\n%s", i, updated, loaded)
		}
	}
	if got := b.complaints(); got != "" {
		t.Errorf("the browser complains:\n%s", got)
	}
}

// TestAway takes the server away: the page says so, and since when, and is well again when the server is.
func TestAway(t *testing.T) {
	b := open(t, calm())
	b.show(1280, 900, "dark")
	address := b.server.Listener.Addr().String()
	b.server.CloseClientConnections()
	b.server.Close()
	b.wait(`!document.getElementById("away").hidden`)
	if got := is[string](b, `document.getElementById("away").textContent`); !strings.HasPrefix(got, "Not updated since ") || !strings.Contains(got, "the server does not answer") {
		t.Errorf("the bar says %q", got)
	}
	if got := is[string](b, `document.getElementById("away").getAttribute("role")`); got != "alert" {
		t.Errorf("the bar's role is %q", got)
	}
	for _, text := range faint(b) {
		t.Error(text)
	}
	b.shoot("away")
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	again := httptest.NewUnstartedServer(b.stage.handler())
	again.Listener.Close()
	again.Listener = listener
	again.Start()
	defer again.Close()
	b.wait(`document.getElementById("away").hidden && !document.body.classList.contains("is-old")`)
}

// A window that nobody sees asks for nothing, and looks at once when it is seen again.
func TestHiddenPauses(t *testing.T) {
	b := open(t, calm())
	b.show(1280, 900, "light")
	b.do(chromedp.Evaluate[chromedp.Void](`
		window.unseen = true;
		window.timers = [];
		const set = window.setTimeout;
		window.setTimeout = (f, wait) => { timers.push(wait); return set(f, wait); };
		Object.defineProperty(document, "hidden", { get: () => unseen });
		document.dispatchEvent(new Event("visibilitychange"));
		undefined`))
	look(b)
	b.wait(`window.timers.length === 1`) // that which ends the look; there is none for the next
	b.stage.set(func(s *site) { s.at = s.at.Add(time.Minute); s.networks[0].network.Serial = 424242 })
	b.do(chromedp.Evaluate[chromedp.Void](`unseen = false; document.dispatchEvent(new Event("visibilitychange")); undefined`))
	b.wait(`document.getElementById("main").textContent.includes("424242") && window.timers.length === 3`)
}

// TestFilter types into the field: the table follows, and so does the address, which can be sent to a colleague.
func TestFilter(t *testing.T) {
	b := open(t, calm())
	b.show(1280, 900, "light")
	b.do(chromedp.SendKeys("#filter", "unavailable 4711"))
	b.wait(`document.querySelectorAll("#network-1 .edges tbody tr").length === 1`)
	if got := is[string](b, `document.querySelector("#network-1 .edges tbody th .name").textContent + location.search + document.activeElement.id`); got != "edge04.example.net?q=unavailable%204711filter" {
		t.Errorf("got %q", got)
	}
	b.do(chromedp.Reload())
	if got := is[string](b, `document.getElementById("filter").value + document.querySelectorAll("#network-1 .edges tbody tr").length`); got != "unavailable 47111" {
		t.Errorf("after loading anew: %q", got)
	}
	if got := b.complaints(); got != "" {
		t.Errorf("the browser complains:\n%s", got)
	}
}

// A page of an older server loads itself anew, with the script and style of the new one.
func TestNewVersion(t *testing.T) {
	b := open(t, calm())
	b.show(1280, 900, "light")
	b.do(chromedp.Evaluate[chromedp.Void](`window.mark = 1; undefined`))
	newer := b.stage.handler()
	b.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Accept-Encoding")
		recorded := httptest.NewRecorder()
		newer.ServeHTTP(recorded, r)
		body := strings.ReplaceAll(recorded.Body.String(), assets["live.js"].path, assets["live.js"].path+"?newer")
		recorded.Header().Del("Content-Length")
		for name := range recorded.Header() {
			w.Header().Set(name, recorded.Header().Get(name))
		}
		w.WriteHeader(recorded.Code)
		_, _ = w.Write([]byte(body))
	})
	b.do(chromedp.Evaluate[chromedp.Void](`window.dispatchEvent(new Event("online")); undefined`))
	b.wait(`window.mark === undefined && document.querySelector("script[src$='?newer']") !== null`)
}

// TestWithoutScript reads the page in a browser that runs none: everything is there, and it loads itself anew.
func TestWithoutScript(t *testing.T) {
	b := open(t, frozen())
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	b.show(1280, 900, "light")
	body, err := chromedp.Run(b.ctx, chromedp.OuterHTML("html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"FROZEN", "edge01.example.net", `<meta http-equiv="refresh" content="10">`, `<label class="filter" hidden`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if got := b.complaints(); got != "" {
		t.Errorf("the browser complains:\n%s", got)
	}
}
