package try

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A round that is given up ends at once, and leaves no probe behind.
func TestRoundCancelled(t *testing.T) {
	hangs, err := net.Listen("tcp", "127.0.0.1:0") // connections are taken by the kernel and never answered
	if err != nil {
		t.Fatal(err)
	}
	defer hangs.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	edge := config.Edge{Name: "e1", Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}
	_, err = Round(ctx, &config.Network{
		Name: "web", Sources: []config.Source{{Edge: edge}}, Object: config.Object{URL: &url.URL{Scheme: "http", Host: hangs.Addr().String()}},
		EdgeCount: 1, Keep: "better", Interval: time.Hour, Timeout: time.Minute, Retry: 1, GoodEnough: time.Second,
		Window: time.Minute, History: 10, Fall: 1, Rise: 1,
	})
	if !errors.Is(err, cause) {
		t.Errorf("got error %v, want %v", err, cause)
	}
}
