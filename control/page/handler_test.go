package page

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// request asks h, as a client that came by localhost.
func request(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.Host = "localhost:9154"
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// paths are all that are answered, and some that are not.
func paths() []string {
	list := []string{"/", "/?q=live", "/healthz", "/v1/networks", "/v1/mode", "/v1/freeze", "/v1/unfreeze", "/v1/", "/v1", "/nothing", "/assets/", "/index.html", "//", "/v1/../"}
	for _, a := range assets {
		list = append(list, a.path)
	}
	slices.Sort(list)
	return list
}

// Nothing that comes by TCP may get near anything that changes a network, whatever it asks for and however.
func TestOnlyReads(t *testing.T) {
	var reads, asked int
	s := calm()
	api := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ })
	read := func(context.Context) (site, error) { reads++; return s, nil }
	h := newHandler("localhost:9154", api, read, (&stage{site: s}).clock)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "BREW"} {
		for _, path := range paths() {
			t.Run(method+" "+path, func(t *testing.T) {
				w := request(h, method, path)
				if w.Code != http.StatusMethodNotAllowed {
					t.Errorf("status %d, want 405", w.Code)
				}
				if got, want := w.Header().Get("Allow"), "GET, HEAD"; got != want {
					t.Errorf("Allow %q, want %q", got, want)
				}
				if strings.HasPrefix(path, "/v1/") {
					var f control.Failure
					if err := json.Unmarshal(w.Body.Bytes(), &f); err != nil || f.Error.Code != control.CodeMethodNotAllowed {
						t.Errorf("body %q, want an error of the API", w.Body)
					}
				}
			})
		}
	}
	if reads != 0 || asked != 0 {
		t.Errorf("%d requests read the networks and %d reached the API, want none", reads, asked)
	}
}

func TestHeaders(t *testing.T) {
	h := (&stage{site: calm()}).handler()
	for _, path := range paths() {
		t.Run(path, func(t *testing.T) {
			got := request(h, "GET", path).Header()
			want := map[string]string{
				"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
				"X-Content-Type-Options":  "nosniff",
				"Referrer-Policy":         "no-referrer",
				"Cache-Control":           "no-store",
			}
			if strings.HasPrefix(path, "/assets/") && path != "/assets/" {
				want["Cache-Control"] = "public, max-age=31536000, immutable"
			}
			for name, value := range want {
				if diff := cmp.Diff(value, got.Get(name)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func TestStatus(t *testing.T) {
	tests := []struct {
		path   string
		status int
		kind   string
	}{
		{"/", 200, "text/html; charset=utf-8"},
		{"/?q=live", 200, "text/html; charset=utf-8"},
		{"/?unknown=1", 200, "text/html; charset=utf-8"},
		{"/healthz", 200, "text/plain; charset=utf-8"},
		{assets["style.css"].path, 200, "text/css; charset=utf-8"},
		{assets["live.js"].path, 200, "text/javascript; charset=utf-8"},
		{assets["icon-good.svg"].path, 200, "image/svg+xml"},
		{"/assets/style.css", 404, "text/plain; charset=utf-8"},
		{"/assets/", 404, "text/plain; charset=utf-8"},
		{"/nothing", 404, "text/plain; charset=utf-8"},
		{"/page.html", 404, "text/plain; charset=utf-8"},
		{"/?q=" + strings.Repeat("x", 3000), 414, "text/plain; charset=utf-8"},
	}
	h := (&stage{site: calm()}).handler()
	for _, tt := range tests {
		t.Run(tt.path[:min(len(tt.path), 40)], func(t *testing.T) {
			w := request(h, "GET", tt.path)
			if w.Code != tt.status || w.Header().Get("Content-Type") != tt.kind {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Header().Get("Content-Type"), tt.status, tt.kind)
			}
		})
	}
}

// HEAD is GET without the body, as net/http sends it.
func TestHead(t *testing.T) {
	server := httptest.NewServer((&stage{site: calm()}).handler())
	defer server.Close()
	client := server.Client()
	defer client.CloseIdleConnections()
	for _, path := range []string{"/", "/healthz", assets["style.css"].path} {
		t.Run(path, func(t *testing.T) {
			get, err := client.Get(server.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			defer get.Body.Close()
			head, err := client.Head(server.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			defer head.Body.Close()
			if body, err := io.ReadAll(head.Body); err != nil || len(body) != 0 {
				t.Errorf("HEAD has a body of %d bytes, error %v", len(body), err)
			}
			get.Header.Del("Date")
			head.Header.Del("Date")
			// Without a body net/http leaves out the length that it would have counted itself.
			get.Header.Del("Content-Length")
			head.Header.Del("Content-Length")
			if diff := cmp.Diff(get.Header, head.Header); get.StatusCode != head.StatusCode || diff != "" {
				t.Errorf("HEAD answers %d, GET %d; headers (-GET +HEAD):\n%s", head.StatusCode, get.StatusCode, diff)
			}
		})
	}
}

func TestCompression(t *testing.T) {
	h := (&stage{site: calm()}).handler()
	whole := request(h, "GET", "/").Body.String()
	for accept, compressed := range map[string]bool{
		"": false, "gzip": true, "deflate, gzip;q=0.5, br": true, "GZIP": true, "gzip;q=0": false, "gzip; q=0.0": false, "br": false, "xgzip": false,
	} {
		t.Run(accept, func(t *testing.T) {
			w := request(h, "GET", "/", "Accept-Encoding", accept)
			if got := w.Header().Get("Content-Encoding") == "gzip"; got != compressed {
				t.Fatalf("compressed is %v, want %v", got, compressed)
			}
			if got, want := w.Header().Get("Content-Length"), strconv.Itoa(w.Body.Len()); got != want {
				t.Errorf("Content-Length %s, want %s", got, want)
			}
			body := io.Reader(w.Body)
			if compressed {
				z, err := gzip.NewReader(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				body = z
			}
			got, err := io.ReadAll(body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(whole, string(got)); diff != "" {
				t.Errorf("(-plain +compressed):\n%s", diff)
			}
		})
	}
}

// Networks that do not answer are said not to: an old or half a page would be believed.
func TestNoAnswer(t *testing.T) {
	w := request((&stage{err: errors.New("stopped <b>")}).handler(), "GET", "/")
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("status %d, Retry-After %q, want 503 and some seconds", w.Code, w.Header().Get("Retry-After"))
	}
	if got := w.Header().Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("Content-Type %q: an error is not to be read as markup", got)
	}
}
