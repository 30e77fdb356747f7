package prober

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"
)

// objectBody is the test object of these tests, 23 bytes long.
const objectBody = "the edge is in service\n"

// patience is a timeout for probes that are to end for another reason.
const patience = time.Minute

var loopback = netip.MustParseAddr("127.0.0.1")

func digestOf(body string) Digest {
	return Digest{Sum: sha256.Sum256([]byte(body)), Size: int64(len(body))}
}

// expectBody is an expectation of body, with nothing before it.
func expectBody(body string) *Object { return NewObject(digestOf(body)) }

// listen accepts on address and hands every connection, which is closed after it, to edge.
func listen(t testing.TB, address string, edge func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				edge(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// readRequest reads one request off conn; nil when there was none.
func readRequest(conn net.Conn) *http.Request {
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return nil
	}
	return req
}

// answering is an edge that answers every request with the same bytes and closes.
func answering(answer string) func(net.Conn) {
	return func(conn net.Conn) {
		if readRequest(conn) != nil {
			io.WriteString(conn, answer)
		}
	}
}

// objectURL is the URL of the object on an edge listening at port. Its name is never resolved.
func objectURL(t testing.TB, scheme string, at netip.AddrPort) *url.URL {
	t.Helper()
	_, port, err := net.SplitHostPort(at.String())
	if err != nil {
		t.Fatal(err)
	}
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort("www.example.net", port), Path: "/object.txt"}
}

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// scriptedConn is a connection on which the peer sends script, endlessly repeated if asked, then closes.
type scriptedConn struct {
	net.Conn // nil: what is not defined here panics
	script   io.ReadSeeker
	cuts     []int // lengths of the next reads
	endless  bool
	read     int // bytes handed out
}

func (c *scriptedConn) Read(b []byte) (int, error) {
	if len(c.cuts) > 0 {
		b, c.cuts = b[:min(len(b), c.cuts[0])], c.cuts[1:]
	}
	n, err := c.script.Read(b)
	if err == io.EOF && c.endless && c.read > 0 {
		c.script.Seek(0, io.SeekStart)
		n, err = c.script.Read(b)
	}
	c.read += n
	return n, err
}

func (c *scriptedConn) Write(b []byte) (int, error)   { return len(b), nil }
func (c *scriptedConn) Close() error                  { return nil }
func (c *scriptedConn) SetDeadline(t time.Time) error { return nil }

// dialing is a dialFunc that connects to conn, whatever the address.
func dialing(conn net.Conn) dialFunc {
	return func(context.Context, string, netip.Addr, netip.AddrPort) (net.Conn, error) { return conn, nil }
}

// authority signs certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{pool: x509.NewCertPool()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	var der []byte
	der, a.key = sign(t, template, nil, nil)
	a.cert = parse(t, der)
	a.pool.AddCert(a.cert)
	return a
}

// issue makes a certificate for names, signed by the authority, or by itself when a is nil.
func (a *authority) issue(t testing.TB, notAfter time.Time, names ...string) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "edge"}, DNSNames: names,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: notAfter,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if a == nil {
		der, key := sign(t, template, nil, nil)
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	der, key := sign(t, template, a.cert, a.key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func sign(t testing.TB, template, parent *x509.Certificate, by *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if parent == nil {
		parent, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

func parse(t testing.TB, der []byte) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
