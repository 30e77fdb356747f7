package prober

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// answerCase is an answer of an edge that then closes, and what becomes of it.
type answerCase struct {
	name   string
	answer string
	any    bool   // no object is expected
	accept string // an Accept-Encoding of the operator's
	want   Outcome
	status int
	err    string
}

func plain(status, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
}

// marked is an answer that says in header lines how its body is coded.
func marked(lines, body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\n%s\r\nContent-Length: %d\r\n\r\n%s", lines, len(body), body)
}

func zipped(body string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, body)
	w.Close()
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", b.Len(), b.Bytes())
}

var answers = []answerCase{
	{name: "object", answer: plain("200 OK", objectBody), want: OK, status: 200},
	{name: "object as 203", answer: plain("203 Fine", objectBody), want: OK, status: 203},
	{name: "HTTP/1.0", answer: "HTTP/1.0 200 OK\r\n\r\n" + objectBody, want: OK, status: 200},
	{name: "up to the close", answer: "HTTP/1.1 200 OK\r\n\r\n" + objectBody, want: OK, status: 200},
	{name: "chunked", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"5\r\nthe e\r\n12;x=y\r\n" + objectBody[5:] + "\r\n0\r\n\r\n", want: OK, status: 200},
	{name: "after 100 and 103", answer: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" +
		plain("200 OK", objectBody), want: OK, status: 200},
	{name: "more after the end", answer: plain("200 OK", objectBody) + plain("200 OK", "more"), want: OK, status: 200},
	{name: "one byte short of the largest header", answer: "HTTP/1.1 200 OK\r\nContent-Length: 23\r\nX: " +
		strings.Repeat("x", 64<<10-45) + "\r\n\r\n" + objectBody, want: OK, status: 200},

	{name: "any", any: true, answer: plain("200 OK", "hello"), want: OK, status: 200},
	{name: "any, no content", any: true, answer: "HTTP/1.1 204 No Content\r\n\r\n", want: OK, status: 204},
	{name: "any, partial", any: true, answer: plain("206 Partial Content", "hello"), want: Status, status: 206,
		err: "status is 206 Partial Content, expected 2xx other than 206"},
	{name: "any, endless", any: true, answer: "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("hello", 1<<19), want: Size,
		status: 200, err: "body is over 1048576 bytes, expected at most that"},
	{name: "any, unavailable", any: true, answer: plain("503 No", "hello"), want: Status, status: 503,
		err: "status is 503 Service Unavailable, expected 2xx other than 206"},

	{name: "moved", answer: "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", want: Status,
		status: 301, err: "status is 301 Moved Permanently, expected 2xx other than 206"},
	{name: "forbidden", answer: plain("403 Forbidden", objectBody), want: Status, status: 403,
		err: "status is 403 Forbidden, expected 2xx other than 206"},
	{name: "bad gateway", answer: plain("502 Bad Gateway", objectBody), want: Status, status: 502,
		err: "status is 502 Bad Gateway, expected 2xx other than 206"},
	{name: "partial", answer: plain("206 Partial Content", objectBody), want: Status, status: 206,
		err: "status is 206 Partial Content, expected 2xx other than 206"},
	{name: "upgrade", answer: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + objectBody, want: Status,
		status: 101, err: "status is 101 Switching Protocols, expected 2xx other than 206"},
	{name: "unheard of", answer: plain("799 What", objectBody), want: Status, status: 799,
		err: "status is 799, expected 2xx other than 206"},

	{name: "short", answer: plain("200 OK", "the edge is"), want: Size, status: 200, err: "body is 11 bytes, expected 23"},
	{name: "empty", answer: plain("200 OK", ""), want: Size, status: 200, err: "body is 0 bytes, expected 23"},
	{name: "long", answer: plain("200 OK", objectBody+objectBody), want: Size, status: 200,
		err: "body is over 23 bytes, expected 23"},
	{name: "wrong", answer: plain("200 OK", "the edge is out of work"), want: Checksum, status: 200,
		err: "body has SHA-256 22b356805e4f26fb, expected 7d973b56293381ad"},
	{name: "gzip", answer: zipped(objectBody), want: Size, status: 200, err: "body is over 23 bytes, expected 23"},
	{name: "gzip, any", any: true, answer: zipped(objectBody), want: OK, status: 200},
	{name: "marked as gzip", answer: marked("Content-Encoding: gzip", objectBody), want: Read, status: 200, err: errCoded.Error()},
	{name: "marked as of two codings", answer: marked("content-encoding: identity\r\nContent-Encoding: , BR", objectBody),
		want: Read, status: 200, err: errCoded.Error()},
	{name: "marked as something unheard of", answer: marked("Content-Encoding: s3cret", objectBody),
		want: Read, status: 200, err: errCoded.Error()},
	{name: "marked as identity", answer: marked("Content-Encoding: Identity, identity", objectBody), want: OK, status: 200},
	{name: "marked as nothing", answer: marked("Content-Encoding: ", objectBody), want: OK, status: 200},
	{name: "marked as gzip, wrong", answer: marked("Content-Encoding: gzip", "the edge is out of work"), want: Checksum, status: 200,
		err: "body has SHA-256 22b356805e4f26fb, expected 7d973b56293381ad"},
	{name: "marked as gzip, any", any: true, answer: marked("Content-Encoding: gzip", objectBody), want: OK, status: 200},
	{name: "marked as gzip, which was asked for", accept: "gzip", answer: marked("Content-Encoding: gzip", objectBody),
		want: OK, status: 200},
	{name: "claims exabytes", answer: "HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\n" + objectBody + "x",
		want: Size, status: 200, err: "body is over 23 bytes, expected 23"},
	{name: "short up to the close", answer: "HTTP/1.0 200 OK\r\n\r\nthe", want: Size, status: 200,
		err: "body is 3 bytes, expected 23"},

	{name: "closed before the answer", answer: "", want: Read,
		err: "waiting for the answer: connection closed before its first byte"},
	{name: "closed in the header", answer: "HTTP/1.1 200 OK\r\nContent-", want: Read,
		err: "reading header: connection closed before the end"},
	{name: "closed after 100", answer: "HTTP/1.1 100 Continue\r\n\r\n", want: Read,
		err: "reading header: connection closed before the end"},
	{name: "closed in the body", answer: "HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\nthe edge", want: Read, status: 200,
		err: "reading body: after 8 bytes: connection closed before the end"},
	{name: "closed before the last chunk", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n17\r\n" + objectBody +
		"\r\n", want: Read, status: 200, err: "reading body: after 23 bytes: connection closed before the end"},
	{name: "another protocol", answer: "SSH-2.0-OpenSSH_9.9\r\n", want: Read,
		err: "reading header: malformed HTTP response"},
	{name: "binary", answer: "\x15\x03\x01\x00\x02\x02\x0a\r\n", want: Read, err: "reading header: malformed HTTP response"},
	{name: "malformed header", answer: "HTTP/1.1 200 OK\r\nX-Key secret\r\n\r\n", want: Read,
		err: "reading header: malformed MIME header"},
	{name: "two lengths", answer: "HTTP/1.1 200 OK\r\nContent-Length: 23\r\nContent-Length: 22\r\n\r\n" + objectBody,
		want: Read, err: "reading header: message cannot contain multiple Content-Length headers"},
	{name: "malformed chunk", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", want: Read, status: 200,
		err: "reading body: after 0 bytes: invalid byte in chunk length"},
	{name: "flood of headers", answer: "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 20000), want: Read,
		err: "reading header: no end within 65536 bytes"},
	{name: "flood without a line", answer: "HTTP/1.1 200 " + strings.Repeat("K", 100000), want: Read,
		err: "reading header: no end within 65536 bytes"},
	{name: "flood of 100", answer: strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 4000), want: Read,
		err: "reading header: no end within 65536 bytes"},
}

func (tc answerCase) expectation() *Object {
	if tc.any {
		return nil
	}
	return expectBody(objectBody)
}

func TestAnswers(t *testing.T) {
	for _, tc := range answers {
		t.Run(tc.name, func(t *testing.T) {
			at := listen(t, "127.0.0.1:0", func(conn net.Conn) {
				answering(tc.answer)(conn)
				// A close with something unread would be a reset, which may overtake the answer.
				conn.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, conn)
			})
			p := New(Options{URL: objectURL(t, "http", at), Timeout: patience, Retry: 3, Header: tc.header()})
			p.Expect(tc.expectation())
			got := p.Probe(t.Context(), loopback)
			checkResult(t, got, tc.want, tc.err)
			if got.Status != tc.status {
				t.Errorf("status is %d, expected %d", got.Status, tc.status)
			}
			if got.Attempts != 1 {
				t.Errorf("%d attempts: an answer must not be asked for again", got.Attempts)
			}
			sum := got.Phases.Connect + got.Phases.FirstByte + got.Phases.Body
			if got.Phases.Connect <= 0 || got.Phases.FirstByte <= 0 || got.Phases.TLS != 0 || sum > got.Took {
				t.Errorf("phases do not fit: %+v, took %v", got.Phases, got.Took)
			}
		})
	}
}

// header is what is asked with.
func (c answerCase) header() http.Header {
	if c.accept == "" {
		return nil
	}
	return http.Header{"accept-encoding": {c.accept}}
}

func checkResult(t *testing.T, got Result, want Outcome, wantErr string) {
	t.Helper()
	if got.Outcome != want {
		t.Errorf("outcome is %v (%v), expected %v", got.Outcome, got.Err, want)
	}
	if diff := cmp.Diff(wantErr, text(got.Err)); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if got.Cancelled {
		t.Error("the probe was cancelled by nobody")
	}
}

// However the network cuts an answer into segments, it is judged the same.
func TestAnswersInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tc := rapid.SampledFrom(answers).Draw(t, "answer")
		p := New(Options{URL: mustURL("http://www.example.net/"), Timeout: patience, Header: tc.header()})
		p.Expect(tc.expectation())
		p.dial = dialing(&scriptedConn{
			script: bytes.NewReader([]byte(tc.answer)),
			cuts:   rapid.SliceOfN(rapid.IntRange(1, 50), 0, 100).Draw(t, "cuts"),
		})
		got := p.Probe(t.Context(), loopback)
		if got.Outcome != tc.want || text(got.Err) != tc.err {
			t.Fatalf("%s: outcome is %v (%v), expected %v (%s)", tc.name, got.Outcome, got.Err, tc.want, tc.err)
		}
	})
}
