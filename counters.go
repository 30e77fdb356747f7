package edgemanage

import "github.com/deflect-ca/coredns-edgemanage/config"

// changeReasons are why edges enter or leave a live set, by the words of network.SetChanged.
var changeReasons = []string{
	"filled", "forced", "held", "last_resort", "fallback", "saved", "rotated_in",
	"failed", "unavailable", "removed", "outgraded", "unresolved", "rotated_out", "address",
}

// startCounters has what is counted as it happens stand there from the start, as zero. Prometheus sees a counter rise only
// between two scrapes: one that comes into being at the first error would hide that error from every alert.
//
// A fault of one include counts under the file's own name, and starts there: there may be ten thousand of them.
func startCounters(c *config.Network) {
	for _, reason := range changeReasons {
		changes.WithLabelValues(c.Name, reason)
	}
	changesHeld.WithLabelValues(c.Name)
	zoneFileErrors.WithLabelValues(c.Name)
	fileErrors.WithLabelValues(c.Name)
	runErrors.WithLabelValues(c.Name)
	webhookErrors.WithLabelValues(c.Name)
	webhookDropped.WithLabelValues(c.Name)
	for _, secondary := range c.Notify {
		notifyErrors.WithLabelValues(c.Name, secondary.String())
	}
	files := []string{c.Object.File, c.Canaries, c.Includes}
	for _, s := range c.Sources {
		files = append(files, s.File)
	}
	for _, file := range files {
		if file != "" {
			reloadErrors.WithLabelValues(file)
		}
	}
}
