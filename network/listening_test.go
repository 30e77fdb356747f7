package network

import (
	"testing"
	"testing/synctest"
	"time"
)

// The first round waits for the servers: of few descriptors it would take those that their sockets need.
func TestFirstRoundWaitsForServers(t *testing.T) {
	listen := func(s *site) (listening chan struct{}) {
		listening = make(chan struct{})
		s.options = func(o *Options) { o.Listening = listening }
		return listening
	}
	t.Run("until they listen", func(t *testing.T) {
		inBubble(t, func(s *site) {
			s.edges("a 192.0.2.1", "b 192.0.2.2", "c.example.net")
			s.resolver.set("c.example.net", "192.0.2.3")
			listening := listen(s)
			s.start()
			s.advance(2 * time.Second)
			s.equal("probes before", len(s.prober.probes("192.0.2.1")), 0)
			s.equal("names asked before", s.resolver.asked["c.example.net"], 0)
			close(listening)
			synctest.Wait()
			s.equal("probes at once", len(s.prober.probes("192.0.2.1")), 1)
			s.advance(time.Second)
			s.want("a moment later", "192.0.2.1 192.0.2.2")
		})
	})
	t.Run("not after a reload", func(t *testing.T) {
		inBubble(t, func(s *site) {
			s.edges("a 192.0.2.1", "b 192.0.2.2")
			listening := listen(s)
			s.start()
			close(listening)
			s.round()
			s.reload(same)
			s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
			s.reload(same)
			synctest.Wait()
			s.equal("probes of a new edge", len(s.prober.probes("192.0.2.3")), 1)
		})
	})
	t.Run("not for long", func(t *testing.T) {
		inBubble(t, func(s *site) {
			s.edges("a 192.0.2.1", "b 192.0.2.2")
			listen(s)
			s.start()
			s.advance(listensBy)
			s.equal("probes", len(s.prober.probes("192.0.2.1")), 1)
			s.advance(time.Second)
			s.want("though nobody says that they listen", "192.0.2.1 192.0.2.2")
		})
	})
	t.Run("a stop", func(t *testing.T) {
		inBubble(t, func(s *site) {
			s.edges("a 192.0.2.1", "b 192.0.2.2")
			listen(s)
			s.start()
			began := time.Now()
			s.stop()
			s.equal("time that it took", time.Since(began), time.Duration(0))
		})
	})
	// A first decision without all edges comes a timeout after the first probe.
	t.Run("the first decision", func(t *testing.T) {
		inBubble(t, func(s *site) {
			s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
			s.config.Timeout = 2 * time.Second
			s.prober.set(behaviour{took: 20 * time.Second}, "192.0.2.3")
			listening := listen(s)
			s.start()
			s.advance(4 * time.Second)
			close(listening)
			s.advance(1900 * time.Millisecond)
			s.want("before the timeout is over", "SERVFAIL")
			s.advance(200 * time.Millisecond)
			s.want("after it", "192.0.2.1 192.0.2.2")
		})
	})
}
