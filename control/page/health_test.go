package page

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

func TestHealth(t *testing.T) {
	change := func(f func(*control.Network)) site {
		s := calm()
		f(&s.networks[0].network)
		return s
	}
	tests := []struct {
		name   string
		site   site
		err    error
		status int
		body   string
	}{
		{"calm", calm(), nil, 200, "ok\ndeflect: ready\neast: ready\n"},
		{"frozen is healthy", frozen(), nil, 200, "ok\ndeflect: ready\neast: ready\n"},
		{"rung none", disaster(), nil, 503, "not ok\ndeflect: no IPv4 address to answer with\neast: ready\n"},
		{"not decided", change(func(n *control.Network) { n.Ready = false }), nil, 503, "not ok\ndeflect: not decided yet\neast: ready\n"},
		{"late is answered from the last set", change(func(n *control.Network) { n.Late = true }), nil, 200, "ok\ndeflect: ready\neast: ready\n"},
		{"last resort", change(func(n *control.Network) { n.Families[0].Rung = "fallback" }), nil, 200, "ok\ndeflect: ready\neast: ready\n"},
		{"just started", emptySite(), nil, 503, "not ok\nnew: not decided yet\n"},
		{"no networks", site{at: noon}, nil, 503, "not ok\n"},
		{"no answer", site{}, errors.New("stopped"), 503, "not ok\nstopped\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := request((&stage{site: tt.site, err: tt.err}).handler(), "GET", "/healthz")
			if diff := cmp.Diff(fmt.Sprint(tt.status, " ", tt.body), fmt.Sprint(w.Code, " ", w.Body)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
