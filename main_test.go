package edgemanage

import (
	"io"
	golog "log"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	caddy.Quiet, dnsserver.Quiet = true, true
	plugin.Register("trip_before", setupTrip)
	plugin.Register("trip_after", setupTrip)
	if err := dnsserver.SetDirectives([]string{"root", "bind", "errors", "trip_before", "edgemanage", "trip_after", "file", "whoami"}); err != nil {
		panic(err)
	}
	golog.SetOutput(io.Discard) // what the plugin and the server log
	goleak.VerifyTestMain(m)
}

// patience bounds every wait: reaching it is a failure, never a measurement.
const patience = 30 * time.Second

// await waits until a condition holds.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited %s in vain: %s", patience, what)
		}
	}
}
