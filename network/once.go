package network

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/hooks"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// A round alone is for a site that has rounds run by cron. It is what the server does, put in a row: commands before it, the
// probes, one decision on all of them, the files, the commands after it. Between two of them everything is in the state; so
// a round that ends anywhere, however it ends, is made good by the next one.

// ErrTooSoon is wrapped by the error of a round that follows another one at once.
var ErrTooSoon = errors.New("too soon")

const (
	// apart is how long a round must be after the one before: two entries of one crontab, or a person beside it, would
	// have edges probed and budgets spent twice as often as is meant.
	apart = 30 * time.Second
	// saveLong is how long a round alone waits for the state: nobody waits for an answer meanwhile.
	saveLong = 10 * time.Second
)

// single is what a network has beside when it runs one round alone. It belongs to Once.
type single struct {
	hooks   held
	samples []state.Sample // of this round; they are saved with what was decided by them
	history []state.Sample // imported
	before  *state.Once    // what the round before left, never nil
	found   bool           // there was a state
	had     []string       // zones that it knew
	warned  repetitions
}

// Once runs one round of a network that is not started: it takes the state up, probes each edge and canary once, decides when
// all have been, writes everything there is to write and returns when the commands have ended. It notifies no secondary. The
// network cannot be used again, but Status and Snapshot.
//
// The error is of a round that did not take place: one that wraps state.ErrLocked when somebody else has the state, ErrTooSoon
// when the last round is under 30 s old, unless forced, and the cause of ctx when that ended before the decision. Failures are
// what could not be written; a command that fails is told to the observer, and one after a change is run again by the next
// round. When ctx ends after the decision what is under way ends soon, and the cause is one of the failures.
func (n *Network) Once(ctx context.Context, force bool) (failures []error, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cancel != nil || n.mem != nil {
		return nil, fmt.Errorf("running network %s once: it runs already", n.config.Name)
	}
	n.single = &single{before: &state.Once{}, warned: repetitions{Observer: n.observer}}
	n.observer = &n.single.warned
	herald := n.hooking
	n.hooking = func(o hooks.Options) Hooks { return n.single.hooks.of(herald, o) }
	if err := n.open(nil); err != nil {
		return nil, err
	}
	defer func() {
		if closing := n.mem.Close(); closing != nil {
			failures = append(failures, closing)
		}
	}()
	if n.mem.once != nil {
		n.single.before = n.mem.once
	}
	if err := n.rested(force); err != nil {
		return nil, err
	}
	if store := n.mem.store; store != nil && store.Err() != nil && !n.single.found {
		// Who runs it may be the wrong user: without the modes it would answer with edges that were taken out.
		return nil, fmt.Errorf("running network %s once: nothing is known of it, and nothing could be kept: %w", n.config.Name, store.Err())
	}
	if !n.config.DryRun {
		n.single.warned.before = n.single.before.Warned
	}
	for _, w := range n.config.Warnings {
		n.tell(Warning{w}) // a key that is misspelt would do nothing and say nothing
	}
	n.read(context.Background())
	began := n.now() // so that rounds a minute apart are, however long commands and probes take
	n.single.had = n.mem.written()
	n.heraldOnce(ctx, herald)
	if err := n.sweep(ctx); err != nil {
		return nil, err
	}
	n.mem.once = &state.Once{At: began, Unfinished: true, Untold: n.single.before.Untold, Warned: n.single.before.Warned, Gone: n.goneSince()}
	n.overtakeFiles()
	ordered := n.heed()
	n.expire()
	n.ordering(ordered, n.decide)
	return n.carryOut(ctx), nil
}

// rested says whether the last round is long enough ago. One that was cut short is none, nor one of the future: a clock that
// was set back must not stop everything.
func (n *Network) rested(force bool) error {
	last := n.single.before
	age := n.now().Sub(last.At)
	if force || n.config.DryRun || last.Unfinished || last.At.IsZero() || age < 0 || age >= apart {
		return nil
	}
	return fmt.Errorf("running network %s once: the last run was %s ago: %w: expected at least %s between two", n.config.Name, age.Round(time.Second), ErrTooSoon, apart)
}

// heraldOnce runs the commands before a round to their ends, and reads again what they may have brought.
func (n *Network) heraldOnce(ctx context.Context, hooking func(hooks.Options) Hooks) {
	runs := before(n.config.Runs)
	if len(runs) == 0 || n.config.DryRun {
		return
	}
	h := hooking(hooks.Options{Network: n.config.Name, Observe: func(r hooks.Report) { n.tell(Hooked(r)) }})
	h.Configure(runs, nil)
	h.Enqueue(n.picturing(hooks.Before, n.now(), news{}))
	h.Finish(ctx)
	in, err := ReadInputs(n.config)
	if err != nil {
		n.tell(Fault{fmt.Sprintf("what the commands before the round left cannot be used: %v", err)})
		return
	}
	n.inputs, n.includes, n.told = in, in.includes, in.told()
}

// sweep takes the inputs up and gives each edge and canary one turn.
func (n *Network) sweep(ctx context.Context) error {
	inner, cancel := context.WithCancel(ctx)
	defer n.helpers.Wait()
	defer cancel()
	n.ctx = inner
	n.resolved, n.probed = make(chan resolution), make(chan probeResult)
	n.takeIn()
	n.remind()
	var turns []*edge
	for len(n.schedule) > 0 {
		turns = append(turns, n.schedule.take())
	}
	for {
		for n.running < n.workers && len(n.ready)+len(turns) > 0 {
			if len(n.ready) > 0 {
				n.launch(n.ready[0])
				n.ready = n.ready[1:]
			} else {
				n.begin(turns[0])
				turns = turns[1:]
			}
		}
		if n.running == 0 {
			return context.Cause(ctx) // nil, unless the results are those of probes that were cancelled
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case r := <-n.resolved:
			n.gotAddresses(r)
		case r := <-n.probed:
			n.gotResult(r)
		}
	}
}

// carryOut does what follows a decision. Commands come last: they find every file written.
func (n *Network) carryOut(ctx context.Context) (failures []error) {
	if n.config.DryRun {
		return nil
	}
	if store := n.mem.store; store != nil {
		store.AddHistory(n.single.history)
		store.AddSamples(n.single.samples)
		n.awaitSave(ctx)
	}
	changed, failures := n.writeOnce(ctx)
	failures = append(failures, n.keepOnce(ctx)...)
	well := n.tellOnceOver(ctx, changed)
	once := *n.mem.once
	once.Unfinished, once.Untold, once.Warned = ctx.Err() != nil, !well, n.single.warned.all()
	n.mem.once = &once
	n.save()
	if ctx.Err() != nil {
		failures = append(failures, context.Cause(ctx))
	}
	return failures
}

// awaitSave waits until what was decided is in the state: a serial must not be in a file, and forgotten. A disk that hangs
// does not keep a dead edge in the zones, though.
func (n *Network) awaitSave(ctx context.Context) {
	if n.pending == nil {
		return
	}
	wait := time.NewTimer(saveLong)
	defer wait.Stop()
	select {
	case <-n.pending.Done():
	case <-n.pending.Failed(): // Close says why, unless it succeeds by then
	case <-wait.C:
	case <-ctx.Done():
	}
}

// keepOnce writes the live list and what legacy names.
func (n *Network) keepOnce(ctx context.Context) (failures []error) {
	if n.mute() {
		return nil
	}
	s := n.Status()
	if n.config.LiveList != "" {
		errs, _ := n.within(ctx, lane{n.config.Name, "live_list", n.config.LiveList}, fileHangs, func(w *watchdog) []error { return n.writeLive(s, w) })
		failures = append(failures, errs...)
	}
	if n.config.Legacy != "" {
		past := n.past
		errs, _ := n.within(ctx, lane{n.config.Name, "legacy", n.config.Legacy}, fileHangs, func(w *watchdog) []error {
			return newLegacyWriter(n, past, w).write(s, true)
		})
		failures = append(failures, byCause(errs, map[string]bool{}, "files")...)
	}
	return failures
}
