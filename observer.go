package edgemanage

import (
	"errors"

	clog "github.com/coredns/coredns/plugin/pkg/log"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/prober"
)

var log = clog.NewWithPlugin(pluginName)

// observer turns what happens in the networks into log lines and counters. It is the only place that does: the other
// packages know of neither.
type observer struct{}

// Observe implements network.Observer.
func (observer) Observe(name string, e network.Event) {
	switch e := e.(type) {
	case network.Probed:
		countProbe(name, e)
		logProbe(name, e)
	case network.SetChanged:
		for reason, n := range e.Reasons {
			changes.WithLabelValues(name, reason).Add(float64(n))
		}
		log.Infof("Network %s %s: live set %v, was %v: %s; rung %s, serial %d", name, e.Family, e.After, e.Before, oneLine(e.Text), e.Rung, e.Serial)
	case network.RungChanged:
		say := log.Infof
		if e.Worse() {
			say = log.Warningf
		}
		say("Network %s %s: rung %s, was %s: %s", name, e.Family, e.After, e.Before, oneLine(e.Text))
	case network.Held:
		changesHeld.WithLabelValues(name).Add(float64(e.Count))
		log.Infof("Network %s %s: the budget of changes holds %d substitutions back", name, e.Family, e.Count)
	case network.ModesChanged:
		for _, text := range e.Texts() {
			log.Infof("Network %s: %s; comment %q", name, text, e.Comment())
		}
	case network.FreezeChanged:
		say := log.Infof
		if e.After != nil {
			say = log.Warningf // nothing fails over by itself now
		}
		say("Network %s: %s; comment %q", name, e.Reason(), e.Comment)
	case network.ContactChanged:
		say := log.Infof
		if e.Lost {
			say = log.Warningf
		}
		say("Network %s: %s: %s", name, e.Family, e.Text)
	case network.Hooked:
		countHook(name, e)
		logHook(name, e)
	case network.CanariesChanged:
		for _, text := range e.Texts() {
			log.Infof("Network %s: %s", name, oneLine(text))
		}
	case network.Notified:
		if e.Err != nil {
			notifyErrors.WithLabelValues(name, e.Address.String()).Inc()
		}
		if e.GaveUp && givenUp.due(e.Address) {
			log.Warningf("Network %s: notifying %s of zone %q: %v; given up, maybe for more zones: the secondary finds the change by its refresh timer",
				name, e.Address, e.Zone, e.Err)
		}
	case network.ZoneFilesFailed:
		zoneFileErrors.WithLabelValues(name).Inc()
		log.Errorf("Network %s: writing zone files: %v; it is tried again", name, e.Err)
	case network.FileFailed:
		fileErrors.WithLabelValues(name).Inc()
		log.Errorf("Network %s: %v; it is tried again", name, e.Err)
	case network.StateTrouble:
		log.Errorf("Network %s: writing the state: %v; answers and probes go on, a restart now would forget what changed", name, e.Err)
	case network.StateRecovered:
		log.Infof("Network %s: the state is written again", name)
	case network.ReloadFailed:
		reloadErrors.WithLabelValues(e.File).Inc()
		log.Errorf("Network %s: %v; its last good version stays", name, e.Err)
	case network.Note:
		log.Infof("Network %s: %s", name, oneLine(e.Text))
	case network.Fault:
		log.Errorf("Network %s: %s", name, oneLine(e.Text))
	case network.Warning:
		log.Warningf("Network %s: %s", name, oneLine(e.Text))
	}
}

// logProbe tells of probes only what is a fault of this program; that of an edge shows in its grade.
func logProbe(name string, e network.Probed) {
	if e.Result.Outcome == prober.Internal {
		log.Errorf("Network %s: probing %s (%s): %v", name, e.Edge, e.Result.Addr, e.Result.Err)
		if p, ok := errors.AsType[*prober.PanicError](e.Result.Err); ok {
			log.Error(string(p.Stack))
		}
		return
	}
	log.Debugf("Network %s: probed %s (%s): %s in %s, error %v", name, e.Edge, e.Result.Addr, e.Result.Outcome, e.Result.Took, e.Result.Err)
}
