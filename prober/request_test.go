package prober

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRequest(t *testing.T) {
	for _, tc := range []struct {
		name, url string
		header    http.Header
		want      string
	}{
		{name: "plain", url: "http://www.example.net/object.txt?a=b#c", want: "GET /object.txt?a=b HTTP/1.1\n" +
			"Host: www.example.net\nUser-Agent: edgemanage\nConnection: close\n\n"},
		{name: "port and no path", url: "http://www.example.net:8080", want: "GET / HTTP/1.1\n" +
			"Host: www.example.net:8080\nUser-Agent: edgemanage\nConnection: close\n\n"},
		{name: "headers", url: "http://www.example.net/", header: http.Header{
			"Host": {"other.example"}, "user-agent": {"probe/1"}, "X-Two": {"1", "2"}, "accept": {"*/*"}},
			want: "GET / HTTP/1.1\nHost: other.example\nUser-Agent: probe/1\nConnection: close\nAccept: */*\nX-Two: 1\nX-Two: 2\n\n"},
		{name: "user", url: "http://u:p@www.example.net/", want: "GET / HTTP/1.1\n" +
			"Host: www.example.net\nUser-Agent: edgemanage\nConnection: close\nAuthorization: Basic dTpw\n\n"},
		{name: "user and header", url: "http://u:p@www.example.net/", header: http.Header{"Authorization": {"Bearer x"}},
			want: "GET / HTTP/1.1\nHost: www.example.net\nUser-Agent: edgemanage\nConnection: close\nAuthorization: Bearer x\n\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := New(Options{URL: mustURL(tc.url), Header: tc.header})
			if diff := cmp.Diff(tc.want, strings.ReplaceAll(string(p.request), "\r\n", "\n")); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

// An edge that echoes the request, wherever HTTP leaves room for it, does not bring a token into the logs.
func TestHeaderValuesStayOutOfErrors(t *testing.T) {
	const secret = "s3cret-token"
	for name, answer := range map[string]string{
		"raw":          "%s",
		"status line":  "HTTP/1.1 %s\r\n\r\n",
		"reason":       "HTTP/1.1 500 %s\r\n\r\n",
		"location":     "HTTP/1.1 302 Found\r\nLocation: /%s\r\n\r\n",
		"header line":  "HTTP/1.1 200 OK\r\n%s\r\n\r\n",
		"header name":  "HTTP/1.1 200 OK\r\n%s x: y\r\n\r\n",
		"length":       "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n",
		"encoding":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n",
		"chunk length": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n",
		"trailer":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n%s\r\n\r\n",
		"trailer name": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: %s, Content-Length\r\n\r\n0\r\n\r\n",
		"body":         "HTTP/1.1 200 OK\r\n\r\n%s",
	} {
		t.Run(name, func(t *testing.T) {
			p := New(Options{URL: mustURL("http://www.example.net/"), Header: http.Header{"X-Token": {secret}}})
			p.Expect(expectBody(objectBody))
			p.dial = dialing(&scriptedConn{script: bytes.NewReader(fmt.Appendf(nil, answer, secret))})
			got := p.Probe(t.Context(), loopback)
			if got.Outcome == OK || strings.Contains(text(got.Err), secret) {
				t.Errorf("outcome is %v, error %q", got.Outcome, got.Err)
			}
		})
	}
}
