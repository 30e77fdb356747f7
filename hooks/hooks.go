// Package hooks tells commands and webhooks what happens in one network, as one JSON object an event.
//
// It owns the queues of what is yet to be told. Enqueue never waits, whatever the receivers do: nothing of a network
// hangs on them. Every change reaches every receiver in order; of more than 100 that wait for one receiver the oldest are
// dropped, and that is observed.
//
// Commands of a network run one at a time, in the order of the events and then of the configuration. They run without a
// shell, in a process group of their own that is killed when the command ends or has run for 60 s, with / as the working
// directory, in an environment of EDGEMANAGE_NETWORK and, of this process's, only PATH, HOME, LANG, LC_ALL and TZ: what
// else stands there may be a secret. Of a command before or after a round no more than one event waits, the newest.
//
// Each webhook has a queue of its own. A body is posted until it is taken with a 2xx, or up to six times: 1 s, 5 s, 30 s,
// 2 min and 5 min apart, or later if the receiver asks so with Retry-After, up to 5 min. Answers that no repetition would
// change (3xx and 4xx but 408, 425 and 429) end it at once. TLS is verified, no redirect is followed, an answer is awaited
// for 10 s. Proxies are those of the environment (HTTPS_PROXY, NO_PROXY), since what is told goes to people and services
// outside; that probes use none has another reason.
//
// Nothing that the package reports contains an argument of a command, or of a URL more than scheme and host: tokens stand
// there. It does not log and keeps nothing on disk. Its goroutines are the Hooks', run only while there is something to
// tell, and Close waits for them.
package hooks

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// Options is what Hooks are made with.
type Options struct {
	Network string // for commands, in EDGEMANAGE_NETWORK
	// Observe is told of every end of a command or of a try, and of what is dropped. It is called from the package's
	// goroutines and from Enqueue's, some at the same time, and must neither block nor call Close. It may be nil.
	Observe func(Report)
	// Transport posts to webhooks; nil is one of the package's own.
	Transport http.RoundTripper

	over  func() <-chan time.Time // made when a command starts: it is stopped when something comes; nil is after the limit
	grace time.Duration           // of Close; 0 is that of the package
	reap  reaper                  // waits for commands; nil is that of the system
}

// Report is the end of one command or of one try to post, or an event that was dropped.
type Report struct {
	// Kind is "run" or "webhook", Target the command's path or the URL's scheme and host.
	Kind, Target string
	Event        Kind
	ID           string // of the event
	// Err says why it was not told; nil: it was. That of a command that ended with another status than 0 has an
	// *exec.ExitError within.
	Err error
	// Stderr is what a command wrote to its standard error, the first 4 KiB.
	Stderr string
	Took   time.Duration
	// Lost says that the event will not be told to this target any more: it was the last try, or it was dropped unseen,
	// which Dropped says.
	Lost, Dropped bool
}

// The kinds of reports.
const (
	Run     = "run"
	Webhook = "webhook"
)

// Hooks tell the commands and webhooks of one network. Their methods may be called at the same time.
type Hooks struct {
	observe   func(Report)
	transport http.RoundTripper
	env       []string
	over      func() <-chan time.Time
	grace     time.Duration
	reap      reaper

	closing  chan struct{}   // closed when Close is called: what waits for another try is tried now, for the last time
	ctx      context.Context // ends when Close's patience does
	cancel   context.CancelFunc
	workers  sync.WaitGroup // goroutines that work a queue off
	mu       sync.Mutex
	closed   bool
	commands []command
	runs     queue
	running  bool // a goroutine works runs off
	webhooks []*webhook
}

// New returns Hooks that tell nobody yet.
func New(o Options) *Hooks {
	h := &Hooks{
		observe: o.Observe, transport: o.Transport, env: environment(o.Network),
		over: o.over, grace: o.grace, reap: o.reap, closing: make(chan struct{}),
	}
	if h.observe == nil {
		h.observe = func(Report) {}
	}
	if h.transport == nil {
		h.transport = newTransport()
	}
	if h.over == nil {
		h.over = func() <-chan time.Time { return time.After(limit) }
	}
	if h.grace == 0 {
		h.grace = grace
	}
	if h.reap == nil {
		h.reap = reap
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

// Configure sets who is told. What waits for a receiver that stays goes on, what waits for one that is gone is dropped; a
// command that runs and a try under way come to their end. A receiver that stands twice is told once. It does not wait,
// and after Close it does nothing.
func (h *Hooks) Configure(runs []config.Run, webhooks []config.Webhook) {
	var reports []Report
	defer func() {
		for _, r := range reports {
			h.observe(r)
		}
	}()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.commands = commandsOf(runs)
	all := slices.Clone(h.runs)
	h.runs = h.runs.only(h.commands)
	for _, e := range all.without(h.commands) {
		reports = append(reports, drop(Run, e.command.name(), e.message, errGone))
	}
	before := h.webhooks
	h.webhooks = nil
	for _, c := range webhooks {
		if find(h.webhooks, c) != nil {
			continue
		}
		w := find(before, c)
		if w == nil {
			w = newWebhook(c)
		}
		w.secret = c.Secret
		h.webhooks = append(h.webhooks, w)
	}
	for _, w := range before {
		if find(h.webhooks, config.Webhook{URL: w.url}) == nil {
			for _, e := range w.waiting {
				reports = append(reports, drop(Webhook, w.name(), e.message, errGone))
			}
			w.waiting = nil
			w.leave()
		}
	}
}

// Enqueue has an event told to those who get its kind. It sets Version and ID, and never waits. After Close it does
// nothing.
func (h *Hooks) Enqueue(e Event) {
	var reports []Report
	defer func() {
		for _, r := range reports {
			h.observe(r)
		}
	}()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || !h.wanted(e.Event) {
		return
	}
	m, err := compose(e)
	if err != nil {
		reports = append(reports, Report{Event: e.Event, Err: err, Lost: true})
		return
	}
	for _, c := range h.commands {
		if !m.kind.runs(c.when) {
			continue
		}
		if dropped := h.runs.push(entry{c, m}); dropped != nil {
			reports = append(reports, drop(Run, c.name(), *dropped, errFull))
		}
	}
	if len(h.runs) > 0 && !h.running {
		h.running = true
		h.workers.Go(h.runAll)
	}
	if !m.kind.posted() {
		return
	}
	for _, w := range h.webhooks {
		if dropped := w.waiting.push(entry{message: m}); dropped != nil {
			reports = append(reports, drop(Webhook, w.name(), *dropped, errFull))
		}
		if !w.running {
			w.running = true
			h.workers.Go(func() { h.postAll(w) })
		}
	}
}

// wanted says whether anybody gets events of the kind. The lock is held.
func (h *Hooks) wanted(k Kind) bool {
	for _, c := range h.commands {
		if k.runs(c.when) {
			return true
		}
	}
	return k.posted() && len(h.webhooks) > 0
}

// Pending returns how many events wait for commands and webhooks, without those that are being told.
func (h *Hooks) Pending() (runs, posts int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.webhooks {
		posts += len(w.waiting)
	}
	return len(h.runs), posts
}
