//go:build e2e

package test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/miekg/dns"
)

// Answers over TLS (RFC 7858) and HTTPS (RFC 8484) come from the same engine.
func TestEncryptedListeners(t *testing.T) {
	t.Parallel()
	st := newSite(t, 2)
	ca := newAuthority(t)
	cert, key := ca.issue(t, st.dir, "resolver", "dns.example.org")
	dotPort, dohPort := freePort(t), freePort(t)
	encrypted := "tls " + cert + " " + key
	s := startServer(t, st.dir, block("example.org", st.directive("main"))+
		block("tls://example.org:"+dotPort, encrypted, "edgemanage main")+
		block("https://example.org:"+dohPort, encrypted, "edgemanage main"))
	live := s.full(2)
	trusted := &tls.Config{RootCAs: ca.pool, ServerName: "dns.example.org"}
	question := new(dns.Msg)
	question.SetQuestion(zone, dns.TypeA)

	t.Run("tls", func(t *testing.T) {
		c := &dns.Client{Net: "tcp-tls", TLSConfig: trusted, Timeout: patience}
		m, _, err := c.Exchange(question, "127.0.0.1:"+dotPort)
		if err != nil {
			t.Fatal(err)
		}
		if got := values(m); !slices.Equal(got, live) {
			t.Errorf("the set is %v, want %v", got, live)
		}
	})
	t.Run("https", func(t *testing.T) {
		wire, err := question.Pack()
		if err != nil {
			t.Fatal(err)
		}
		c := &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: trusted, DisableKeepAlives: true}}
		r, err := c.Post("https://127.0.0.1:"+dohPort+"/dns-query", "application/dns-message", bytes.NewReader(wire))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		m := new(dns.Msg)
		if err := m.Unpack(body); err != nil {
			t.Fatalf("unpacking %s: %v", r.Status, err)
		}
		if got := values(m); !slices.Equal(got, live) {
			t.Errorf("the set is %v, want %v", got, live)
		}
	})
}
