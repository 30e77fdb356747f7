package network

import (
	"net/http"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// NewProber returns the Prober that a configuration asks for. Whoever works out what the server would do must probe as
// the server does.
func NewProber(c *config.Network) *prober.Prober {
	header := http.Header{}
	for _, h := range c.Headers {
		header.Add(h.Name, h.Value)
	}
	return prober.New(prober.Options{
		URL: c.Object.URL, Timeout: c.Timeout, Retry: c.Retry, InsecureSkipVerify: c.InsecureSkipVerify,
		Header: header, Source4: c.Source4, Source6: c.Source6,
	})
}
