package network

import (
	"context"
	"net/url"
	"testing"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/hooks"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// lastWord is Hooks that look at the state when they are closed.
type lastWord struct{ closed func() }

func (lastWord) Configure([]config.Run, []config.Webhook) {}
func (lastWord) Enqueue(hooks.Event)                      {}
func (lastWord) Finish(context.Context)                   {}
func (l lastWord) Close()                                 { l.closed() }

// Commands and webhooks may take seconds to end. The state was closed after them, and a process that was killed meanwhile
// lost what was not yet on the disk.
func TestStateIsClosedBeforeHooks(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State = t.TempDir()
		s.config.Webhooks = []config.Webhook{{URL: &url.URL{Scheme: "https", Host: "hooks.example"}}}
		asked := 0
		dir := stateDir(s.config)
		s.options = func(o *Options) {
			o.Hooks = func(hooks.Options) Hooks {
				return lastWord{func() {
					asked++
					if err := state.Held(dir); err != nil {
						t.Errorf("the state is still held: %v", err)
					}
				}}
			}
		}
		s.edges("a 192.0.2.1")
		s.start()
		s.round()
		s.stop()
		s.equal("closed", asked, 1)
	})
}
