//go:build e2e

package page

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// browserTime is for one test with its browser, on a machine that is busy with others.
const browserTime = 2 * time.Minute

// A browser is a window of headless Chromium that shows a stage.
type browser struct {
	t        testing.TB
	ctx      context.Context
	stage    *stage
	server   *httptest.Server
	mu       sync.Mutex
	messages []string // of the console: errors, exceptions, violations of the policy
}

// open starts a browser with its own profile and server. Without Chromium the test fails: a check that is left out in
// silence proves nothing. It has no sandbox, which root may not have: what it is shown is our own.
func open(t testing.TB, s site) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is not installed: apt-get install chromium")
	}
	b := &browser{t: t, stage: &stage{site: s}}
	b.server = httptest.NewServer(b.stage.handler())
	t.Cleanup(b.server.Close)
	ctx, cancel := context.WithTimeout(context.Background(), browserTime)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()))...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b.ctx = ctx
	b.do(chromedp.Steps())
	console := chromedp.Console(ctx)
	var listening sync.WaitGroup
	t.Cleanup(listening.Wait)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("closing the browser: %v", err)
		}
	})
	listening.Go(func() {
		for m, err := range console {
			if err != nil {
				return
			}
			if m.Type == chromedp.ConsoleError || m.IsException() {
				b.mu.Lock()
				b.messages = append(b.messages, m.Text)
				b.mu.Unlock()
			}
		}
	})
	return b
}

// do runs actions one after the other.
func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// show loads the page in a window of a size and a colour scheme.
func (b *browser) show(width, height int64, scheme string) {
	b.t.Helper()
	var options []chromedp.EmulateViewportOption
	if width < 600 {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	b.do(
		chromedp.EmulateViewport(width, height, options...),
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}),
		chromedp.Navigate(b.server.URL),
	)
}

// is evaluates an expression of the page's script.
func is[T any](b *browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("evaluating %s: %v", expression, err)
	}
	return v
}

// wait waits until an expression is true.
func (b *browser) wait(expression string) {
	b.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is[bool](b, expression) {
		select {
		case <-tick.C:
		case <-b.ctx.Done():
			b.t.Fatalf("waiting for %s: %v", expression, context.Cause(b.ctx))
		}
	}
}

// complaints are the errors of the console so far.
func (b *browser) complaints() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.messages, "\n")
}

// shoot writes a picture of the whole page to the directory that PAGE_SCREENSHOTS names, if it names one.
func (b *browser) shoot(name string) {
	b.t.Helper()
	dir := os.Getenv("PAGE_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
