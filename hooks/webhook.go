package hooks

import (
	"net/url"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// delays are the pauses before each try but the first.
var delays = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute}

// webhook is a URL with what it is yet to be told. The lock of the Hooks guards all but url.
type webhook struct {
	url     *url.URL
	secret  []byte
	waiting queue
	running bool          // a goroutine works it off
	left    chan struct{} // closed when it is no longer configured
}

func newWebhook(c config.Webhook) *webhook {
	return &webhook{url: c.URL, left: make(chan struct{})}
}

// name is what may be shown of the URL.
func (w *webhook) name() string { return config.Webhook{URL: w.url}.String() }

func (w *webhook) leave() { close(w.left) }

// find returns the webhook with the URL of a configuration.
func find(webhooks []*webhook, c config.Webhook) *webhook {
	i := slices.IndexFunc(webhooks, func(w *webhook) bool { return w.url.String() == c.URL.String() })
	if i < 0 {
		return nil
	}
	return webhooks[i]
}

// postAll posts what waits for a webhook, one at a time, until nothing does.
func (h *Hooks) postAll(w *webhook) {
	for {
		h.mu.Lock()
		e, ok := w.waiting.pop()
		w.running = ok
		h.mu.Unlock()
		if !ok {
			return
		}
		h.deliver(w, e.message)
	}
}

// deliver posts one message until it is taken or given up.
func (h *Hooks) deliver(w *webhook, m message) {
	if h.ctx.Err() != nil {
		h.observe(drop(Webhook, w.name(), m, errClosed))
		return
	}
	for tries := 0; ; tries++ {
		last := tries == len(delays) || h.ending()
		began := time.Now()
		a := h.post(w, m)
		last = last || h.ctx.Err() != nil
		h.observe(Report{
			Kind: Webhook, Target: w.name(), Event: m.kind, ID: m.id, Err: a.err, Took: time.Since(began),
			Lost: a.err != nil && (last || a.final),
		})
		if a.err == nil || last || a.final {
			return
		}
		if !h.pause(w, max(delays[tries], a.after)) {
			h.observe(drop(Webhook, w.name(), m, errGone))
			return
		}
	}
}

// ending says whether Close has been called: there is time for one try.
func (h *Hooks) ending() bool {
	select {
	case <-h.closing:
		return true
	default:
		return false
	}
}

// pause waits for the next try, and says whether there is to be one.
func (h *Hooks) pause(w *webhook, d time.Duration) bool {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-h.closing:
	case <-w.left:
		return false
	}
	return true
}
