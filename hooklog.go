package edgemanage

import (
	"time"

	"github.com/deflect-ca/coredns-edgemanage/hooks"
	"github.com/deflect-ca/coredns-edgemanage/network"
)

// told remembers of which webhooks it was said lately that they fail.
var told = newReports[silence]()

// silence is what is not said twice in a row: a receiver that is away fails every change six times.
type silence struct {
	network, target string
	lost            bool
}

// countHook counts what went wrong with a command or a webhook, by the network alone: a URL, or what is left of it that
// may be shown, is no label.
func countHook(name string, e network.Hooked) {
	switch {
	case e.Err == nil:
	case e.Kind == hooks.Run:
		runErrors.WithLabelValues(name).Inc()
	case e.Kind == hooks.Webhook:
		if !e.Dropped {
			webhookErrors.WithLabelValues(name).Inc()
		}
		if e.Lost {
			webhookDropped.WithLabelValues(name).Inc()
		}
	}
}

// logHook tells of each command that failed, with what it wrote to its standard error, and of a webhook that fails once a
// minute.
func logHook(name string, e network.Hooked) {
	switch {
	case e.Kind == hooks.Webhook && e.Err == nil:
		log.Debugf("Network %s: posted %s %s to %s in %s", name, e.Event, e.ID, e.Target, e.Took)
	case e.Err == nil && e.Stderr == "":
		log.Debugf("Network %s: ran %s for %s %s in %s", name, e.Target, e.Event, e.ID, e.Took)
	case e.Err == nil:
		log.Infof("Network %s: ran %s for %s %s in %s: it wrote %q", name, e.Target, e.Event, e.ID, e.Took.Round(time.Millisecond), e.Stderr)
	case e.Kind == hooks.Run && e.Stderr != "":
		log.Warningf("Network %s: running %s for %s %s: %s; it wrote %q", name, e.Target, e.Event, e.ID, oneLine(e.Err.Error()), e.Stderr)
	case e.Kind == hooks.Run:
		log.Warningf("Network %s: running %s for %s %s: %s", name, e.Target, e.Event, e.ID, oneLine(e.Err.Error()))
	case e.Lost && told.due(silence{name, e.Target, true}):
		log.Warningf("Network %s: posting %s %s to %s: %s; given up, maybe more of them", name, e.Event, e.ID, e.Target, oneLine(e.Err.Error()))
	case !e.Lost && told.due(silence{name, e.Target, false}):
		log.Infof("Network %s: posting %s %s to %s: %s; it is tried again", name, e.Event, e.ID, e.Target, oneLine(e.Err.Error()))
	}
}
