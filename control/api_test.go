package control

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// ask hands a request to a handler and returns the answer with its code, "ok" when it is none of refusal.
func ask(h http.Handler, method, target, body string) (res *http.Response, code string) {
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.RequestURI = target
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(target, "?")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	res = w.Result()
	if res.StatusCode/100 == 2 {
		return res, "ok"
	}
	if method == http.MethodHead {
		return res, fmt.Sprint(res.StatusCode)
	}
	var f Failure
	if err := json.NewDecoder(res.Body).Decode(&f); err != nil || f.Error.Message == "" {
		return res, fmt.Sprintf("no failure in JSON: %v", err)
	}
	return res, f.Error.Code
}

// whole is the handler of a server's socket.
func whole(networks ...*network.Network) http.Handler {
	return newAPI(source(networks))
}

func TestRequests(t *testing.T) {
	n := site(t)
	one, two, none := whole(n), whole(n, start(t, configure(t, "other", three...))), whole()
	both := configure(t, "both", "d.example.net 192.0.2.4 2001:db8::4")
	both.Families = 0
	dual := whole(start(t, both))
	half := configure(t, "half", three...)
	half.Families = 0
	either := whole(start(t, half))
	stopped := start(t, configure(t, "stopped", three...))
	if m := stopped.Stop(); m != nil {
		m.Close()
	}
	tests := []struct {
		name, target, body string
		handler            http.Handler
		want               string
	}{
		{"networks", "/v1/networks", "", one, "ok"},
		{"networks of none", "/v1/networks", "", none, "ok"},
		{"a network by name", "/v1/networks?network=net", "", two, "ok"},
		{"an unknown network", "/v1/networks?network=nit", "", two, CodeUnknownNetwork},
		{"an unknown network where there is one", "/v1/edges?network=nit", "", one, CodeUnknownNetwork},
		{"edges of none", "/v1/edges", "", none, CodeNotRunning},
		{"edges of two", "/v1/edges", "", two, CodeNetworkRequired},
		{"edges of one of two", "/v1/edges?network=other", "", two, "ok"},
		{"every filter", "/v1/edges?family=ipv4&grade=fail&mode=available&live=false&edge=c.*", "", one, "ok"},
		{"an empty parameter", "/v1/edges?edge=", "", one, CodeBadRequest},
		{"a parameter twice", "/v1/edges?edge=a.example.net&edge=b.example.net", "", one, CodeBadRequest},
		{"an unknown parameter", "/v1/edges?grades=fail", "", one, CodeBadRequest},
		{"a parameter of another path", "/v1/canaries?edge=a.example.net", "", one, CodeBadRequest},
		{"a broken query", "/v1/edges?edge=%zz", "", one, CodeBadRequest},
		{"a semicolon", "/v1/edges?live=true;grade=fail", "", one, CodeBadRequest},
		{"a bad family", "/v1/edges?family=ipv5", "", one, CodeBadRequest},
		{"a bad grade", "/v1/edges?grade=good", "", one, CodeBadRequest},
		{"a bad mode", "/v1/edges?mode=away", "", one, CodeBadRequest},
		{"a bad live", "/v1/edges?live=1", "", one, CodeBadRequest},
		{"a bad pattern", "/v1/edges?edge=%5B", "", one, CodeBadRequest},
		{"an unknown edge", "/v1/edges?edge=x.example.net", "", one, CodeUnknownEdge},
		{"a pattern without an edge", "/v1/edges?edge=x*", "", one, CodeUnknownEdge},
		{"an edge in other letters", "/v1/edges?edge=A.Example.net.", "", one, "ok"},
		{"explain", "/v1/explain", "", one, "ok"},
		{"explain an edge", "/v1/explain?edge=c.example.net&family=ipv4", "", one, "ok"},
		{"explain an unknown edge", "/v1/explain?edge=x", "", one, CodeUnknownEdge},
		{"explain while stopped", "/v1/explain", "", whole(stopped), CodeNotRunning},
		{"edges while stopped", "/v1/edges", "", whole(stopped), "ok"},
		{"changes while stopped", "/v1/changes", "", whole(stopped), "ok"},
		{"history", "/v1/history?edge=a.example.net&limit=5", "", one, "ok"},
		{"history of nobody", "/v1/history", "", one, CodeBadRequest},
		{"history of an unknown edge", "/v1/history?edge=x", "", one, CodeUnknownEdge},
		{"recent", "/v1/recent?limit=200", "", one, "ok"},
		{"too much", "/v1/recent?limit=201", "", one, CodeBadRequest},
		{"none", "/v1/recent?limit=0", "", one, CodeBadRequest},
		{"no number", "/v1/recent?limit=x", "", one, CodeBadRequest},
		{"changes of all", "/v1/changes?limit=1000", "", two, "ok"},
		{"changes since a moment", "/v1/changes?since=2026-01-02T03:04:05Z", "", one, "ok"},
		{"changes of a day", "/v1/changes?since=24h", "", one, "ok"},
		{"changes since whenever", "/v1/changes?since=yesterday", "", one, CodeBadRequest},
		{"changes of the future", "/v1/changes?since=-1h", "", one, CodeBadRequest},
		{"canaries", "/v1/canaries", "", one, "ok"},
		{"a trace", "/v1/trace", "", one, "ok"},
		{"a trace of either family", "/v1/trace", "", dual, CodeBadRequest},
		{"a trace of one of both", "/v1/trace?family=ipv6", "", dual, "ok"},
		{"a trace where one family has edges", "/v1/trace", "", either, "ok"},
		{"no path", "/", "", one, CodeNotFound},
		{"a path in other letters", "/V1/networks", "", one, CodeNotFound},
		{"a longer path", "/v1/networks/", "", one, CodeNotFound},
		{"a path with steps", "/v1/../v1/networks", "", one, CodeNotFound},

		{"a mode", "/v1/mode", `{"edge":"a.example.net","mode":"unavailable","comment":"c","for":"2h"}`, one, "ok"},
		{"no network", "/v1/mode", `{"edge":"a.example.net","mode":"available"}`, two, CodeNetworkRequired},
		{"a mode of none", "/v1/mode", `{"edge":"a.example.net","mode":"available"}`, none, CodeNotRunning},
		{"no edge", "/v1/mode", `{"mode":"available"}`, one, CodeBadRequest},
		{"no mode", "/v1/mode", `{"edge":"a.example.net"}`, one, CodeBadRequest},
		{"null", "/v1/mode", `null`, one, CodeBadRequest},
		{"null for an edge", "/v1/mode", `{"edge":null,"mode":"available"}`, one, CodeBadRequest},
		{"an unknown mode", "/v1/mode", `{"edge":"a.example.net","mode":"away"}`, one, CodeBadRequest},
		{"no comment", "/v1/mode", `{"edge":"a.example.net","mode":"unavailable"}`, one, CodeCommentRequired},
		{"a blank comment", "/v1/mode", `{"edge":"a.example.net","mode":"unavailable","comment":" "}`, one, CodeCommentRequired},
		{"a long comment", "/v1/mode", `{"edge":"a.example.net","mode":"unavailable","comment":"` + strings.Repeat("x", 2000) + `"}`, one, CodeBadRequest},
		{"a bad name", "/v1/mode", `{"edge":"a b","mode":"available"}`, one, CodeBadRequest},
		{"a pattern of nothing", "/v1/mode", `{"edge":"x*","mode":"available"}`, one, CodeUnknownEdge},
		{"a mode that is no pattern", "/v1/mode", `{"edge":"[","mode":"available"}`, one, CodeBadRequest},
		{"a number for a time", "/v1/mode", `{"edge":"a.example.net","mode":"force","comment":"c","for":7200}`, one, CodeBadRequest},
		{"no time", "/v1/mode", `{"edge":"a.example.net","mode":"force","comment":"c","for":"2"}`, one, CodeBadRequest},
		{"hardly a time", "/v1/mode", `{"edge":"a.example.net","mode":"force","comment":"c","for":"1ns"}`, one, CodeBadRequest},
		{"ages", "/v1/mode", `{"edge":"a.example.net","mode":"force","comment":"c","for":"87601h"}`, one, CodeBadRequest},
		{"a freeze for ages", "/v1/freeze", `{"comment":"c","for":"87601h"}`, one, CodeBadRequest},
		{"a time gone by", "/v1/mode", `{"edge":"a.example.net","mode":"force","comment":"c","for":"-2h"}`, one, CodeBadRequest},
		{"all edges", "/v1/mode", `{"edge":"*","mode":"unavailable","comment":"c"}`, one, CodeNoCandidate},
		{"a field twice", "/v1/mode", `{"edge":"a.example.net","mode":"force","mode":"unavailable","comment":"c"}`, one, CodeBadRequest},
		{"an unknown field", "/v1/mode", `{"edge":"a.example.net","mode":"force","comment":"c","until":"2h"}`, one, CodeBadRequest},
		{"a field in other letters", "/v1/mode", `{"edge":"a.example.net","Mode":"force","comment":"c"}`, one, CodeBadRequest},
		{"two objects", "/v1/mode", `{"edge":"a.example.net","mode":"available"}{}`, one, CodeBadRequest},
		{"half an object", "/v1/mode", `{"edge":"a.example.net",`, one, CodeBadRequest},
		{"a list", "/v1/mode", `[]`, one, CodeBadRequest},
		{"no body", "/v1/mode", ` `, one, CodeBadRequest},
		{"a query", "/v1/mode?network=net", `{"edge":"a.example.net","mode":"available"}`, one, CodeBadRequest},
		{"too large", "/v1/mode", `{"comment":"` + strings.Repeat("x", maxBody) + `"}`, one, CodeTooLarge},
		{"a mode while stopped", "/v1/mode", `{"edge":"a.example.net","mode":"available"}`, whole(stopped), CodeNotRunning},
		{"a freeze without a comment", "/v1/freeze", `{}`, one, CodeCommentRequired},
		{"a freeze", "/v1/freeze", `{"comment":"attack","for":"1h"}`, one, "ok"},
		{"an end of an end", "/v1/unfreeze", `{"for":"1h"}`, one, CodeBadRequest},
		{"unfreeze", "/v1/unfreeze", `{}`, one, "ok"},
		{"a freeze of a mode", "/v1/freeze", `{"edge":"a.example.net"}`, one, CodeBadRequest},
		{"a path that nothing is posted to", "/v1/modes", `{}`, one, CodeNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			method := http.MethodGet
			if tt.body != "" {
				method = http.MethodPost
			}
			res, code := ask(tt.handler, method, tt.target, tt.body)
			if code != tt.want {
				t.Errorf("got %s, want %s", code, tt.want)
			}
			if want := statuses[tt.want]; tt.want != "ok" && res.StatusCode != want {
				t.Errorf("got status %d, want %d", res.StatusCode, want)
			}
		})
	}
}

// TestTypes tries bodies of another type: browsers can send them from any page without asking.
func TestTypes(t *testing.T) {
	h := whole(site(t))
	for kind, want := range map[string]int{
		"application/json": 200, "application/json; charset=utf-8": 200, "APPLICATION/JSON": 200,
		"": 400, "text/plain": 400, "application/x-www-form-urlencoded": 400, "application/jsonp": 400, ";": 400,
	} {
		t.Run(kind, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/v1/mode", strings.NewReader(`{"edge":"a.example.net","mode":"available"}`))
			r.Header.Set("Content-Type", kind)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("got status %d, want %d: %s", w.Code, want, w.Body)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	h := whole(site(t))
	for _, tt := range []struct{ name, method, target string }{
		{"an answer", "GET", "/v1/networks"}, {"no body", "HEAD", "/v1/networks"}, {"a refusal", "GET", "/v1/history"}, {"no refusal either", "HEAD", "/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, _ := ask(h, tt.method, tt.target, "")
			got := map[string]string{}
			for _, name := range []string{"Content-Type", "Cache-Control", "X-Content-Type-Options"} {
				got[name] = res.Header.Get(name)
			}
			want := map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if res.Header.Get("Content-Length") == "" {
				t.Error("there is no Content-Length")
			}
			if body, _ := io.ReadAll(res.Body); tt.method == "HEAD" && len(body) > 0 {
				t.Errorf("got %q for a HEAD", body)
			}
		})
	}
}

// A fault of ours is an answer as well, and ends nothing but the request.
func TestPanic(t *testing.T) {
	h := whole(nil)
	if res, code := ask(h, "GET", "/v1/networks", ""); code != CodeInternal || res.StatusCode != 500 {
		t.Errorf("got %s, status %d", code, res.StatusCode)
	}
}
