package prober

import (
	"bytes"
	"testing"
	"time"
)

// Whatever an edge answers, and whatever body is expected of it, the probe ends with a verdict: it neither panics nor reads
// without bound, even when the answer repeats itself for ever.
func FuzzAnswer(f *testing.F) {
	const before = "what the object was before"
	expected := []struct {
		object *Object
		most   int // of a body, in bytes
	}{
		{expectBody(objectBody), len(objectBody) + 1},
		{NewObject(digestOf(objectBody), Previous{digestOf(before), time.Now().Add(PreviousPasses)}), len(before) + 1},
		{nil, maxAnyBytes + 1},
	}
	for i, tc := range answers {
		if len(tc.answer) < 1000 {
			f.Add([]byte(tc.answer), false, byte(i))
			f.Add([]byte(tc.answer), true, byte(i))
			f.Add([]byte(tc.answer), false, byte(i+1))
		}
	}
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n"+before), false, byte(1))
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\nany"), true, byte(2))
	f.Add([]byte("HTTP/1.1 206 Partial Content\r\n\r\nany"), false, byte(2))
	f.Fuzz(func(t *testing.T, answer []byte, endless bool, expects byte) {
		want := expected[int(expects)%len(expected)]
		conn := &scriptedConn{script: bytes.NewReader(answer), endless: endless}
		p := New(Options{URL: mustURL("http://www.example.net/"), Timeout: patience})
		p.Expect(want.object)
		p.dial = dialing(conn)
		got := p.Probe(t.Context(), loopback)
		switch got.Outcome {
		case OK, Status, Size, Read:
		case Checksum:
			if want.object == nil {
				t.Errorf("outcome is %v of a body of which nothing is expected: %v", got.Outcome, got.Err)
			}
		default:
			t.Errorf("outcome is %v: %v", got.Outcome, got.Err)
		}
		if (got.Outcome == OK) != (got.Err == nil) {
			t.Errorf("outcome is %v with error %v", got.Outcome, got.Err)
		}
		if len(text(got.Err)) > maxErrorText+100 {
			t.Errorf("error is %d bytes long", len(text(got.Err)))
		}
		// Chunks of a byte may bring a score of framing each, with up to 16 KiB in all beyond that, a trailer and what the
		// buffer reads ahead.
		if most := maxHeaderBytes + 32<<10 + 20*want.most; conn.read > most {
			t.Errorf("%d bytes were read, expected at most %d", conn.read, most)
		}
	})
}
