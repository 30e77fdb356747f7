package prober

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestTLS(t *testing.T) {
	ours := newAuthority(t)
	var nobody *authority
	tomorrow := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
	yesterday := tomorrow.Add(-48 * time.Hour)
	manyNames := []string{"other.example"}
	for range 90 {
		manyNames = append(manyNames, strings.Repeat("x", 50)+".example")
	}
	for _, tc := range []struct {
		name     string
		cert     tls.Certificate
		insecure bool
		notAfter time.Time
		want     Outcome
		err      string // that the error contains
	}{
		{name: "good", cert: ours.issue(t, tomorrow, "www.example.net"), notAfter: tomorrow, want: OK},
		{name: "another name", cert: ours.issue(t, tomorrow, "other.example"), notAfter: tomorrow, want: TLS,
			err: `handshaking as "www.example.net": tls: failed to verify certificate: x509: certificate is valid for other.example`},
		{name: "many other names", cert: ours.issue(t, tomorrow, manyNames...), notAfter: tomorrow, want: TLS,
			err: "..."},
		{name: "expired", cert: ours.issue(t, yesterday, "www.example.net"), notAfter: yesterday, want: TLS,
			err: "certificate has expired"},
		{name: "self-signed", cert: nobody.issue(t, tomorrow, "www.example.net"), notAfter: tomorrow, want: TLS,
			err: "unknown authority"},
		{name: "another name, insecure", cert: ours.issue(t, tomorrow, "other.example"), insecure: true,
			notAfter: tomorrow, want: OK},
		{name: "expired, insecure", cert: ours.issue(t, yesterday, "www.example.net"), insecure: true,
			notAfter: yesterday, want: OK},
		{name: "self-signed, insecure", cert: nobody.issue(t, tomorrow), insecure: true, notAfter: tomorrow, want: OK},
	} {
		t.Run(tc.name, func(t *testing.T) {
			at := listen(t, "127.0.0.1:0", func(conn net.Conn) {
				answering(plain("200 OK", objectBody))(tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{tc.cert}}))
			})
			p := New(Options{URL: objectURL(t, "https", at), Timeout: patience, Retry: 3,
				RootCAs: ours.pool, InsecureSkipVerify: tc.insecure})
			p.Expect(expectBody(objectBody))
			got := p.Probe(t.Context(), loopback)
			if got.Outcome != tc.want || !strings.Contains(text(got.Err), tc.err) || (got.Err == nil) != (tc.want == OK) {
				t.Errorf("outcome is %v (%v), expected %v (%s)", got.Outcome, got.Err, tc.want, tc.err)
			}
			if len(text(got.Err)) > 500 {
				t.Errorf("error is %d bytes long: %v", len(text(got.Err)), got.Err)
			}
			if !got.CertNotAfter.Equal(tc.notAfter) {
				t.Errorf("certificate expires %v, expected %v", got.CertNotAfter, tc.notAfter)
			}
			if got.Phases.TLS <= 0 || got.Attempts != 1 {
				t.Errorf("TLS took %v in %d attempts, expected some time in one", got.Phases.TLS, got.Attempts)
			}
		})
	}
}

func TestTLSHandshakeFaults(t *testing.T) {
	for _, tc := range []struct {
		name, err string
		edge      func(net.Conn)
	}{
		{name: "plain HTTP", err: `handshaking as "www.example.net": the answer is plain HTTP, expected TLS`,
			edge: func(conn net.Conn) { io.WriteString(conn, plain("400 Bad Request", "")) }},
		{name: "garbage", err: `handshaking as "www.example.net": tls: first record does not look like a TLS handshake`,
			edge: func(conn net.Conn) { io.WriteString(conn, "220 mail.example.net ESMTP\r\n") }},
		{name: "closed", err: `handshaking as "www.example.net": EOF`, edge: func(net.Conn) {}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			at := listen(t, "127.0.0.1:0", func(conn net.Conn) {
				if _, err := conn.Read(make([]byte, 16<<10)); err == nil { // the client's hello, in one segment
					tc.edge(conn)
				}
			})
			p := New(Options{URL: objectURL(t, "https", at), Timeout: patience, Retry: 3})
			got := p.Probe(t.Context(), loopback)
			checkResult(t, got, TLS, tc.err)
			if got.Attempts != 1 {
				t.Errorf("%d attempts: a handshake must not be tried again", got.Attempts)
			}
		})
	}
}
