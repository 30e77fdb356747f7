package prober

import (
	"bytes"
	"testing"
)

// Whatever an edge answers, the probe ends with a verdict: it neither panics nor reads without bound, even when the
// answer repeats itself for ever.
func FuzzAnswer(f *testing.F) {
	for _, tc := range answers {
		if len(tc.answer) < 1000 {
			f.Add([]byte(tc.answer), false)
			f.Add([]byte(tc.answer), true)
		}
	}
	// Of a body at most 24 bytes are read. Chunks of a byte may bring a dozen of framing each, with up to 16 KiB in
	// all beyond that, a trailer and what the buffer reads ahead.
	const most = maxHeaderBytes + 32<<10
	f.Fuzz(func(t *testing.T, answer []byte, endless bool) {
		conn := &scriptedConn{script: bytes.NewReader(answer), endless: endless}
		p := New(Options{URL: mustURL("http://www.example.net/"), Timeout: patience})
		p.Expect(expectBody(objectBody))
		p.dial = dialing(conn)
		got := p.Probe(t.Context(), loopback)
		switch got.Outcome {
		case OK, Status, Size, Checksum, Read:
		default:
			t.Errorf("outcome is %v: %v", got.Outcome, got.Err)
		}
		if (got.Outcome == OK) != (got.Err == nil) {
			t.Errorf("outcome is %v with error %v", got.Outcome, got.Err)
		}
		if len(text(got.Err)) > maxErrorText+100 {
			t.Errorf("error is %d bytes long", len(text(got.Err)))
		}
		if conn.read > most {
			t.Errorf("%d bytes were read, expected at most %d", conn.read, most)
		}
	})
}
