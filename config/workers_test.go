package config

import (
	"testing"
	"time"
)

func TestEffectiveWorkers(t *testing.T) {
	for _, test := range []struct {
		name              string
		workers           int
		addresses         int
		timeout, interval time.Duration
		want              int
		warning           string
	}{
		{"few edges", 0, 8, 10 * time.Second, time.Minute, 100, ""},
		{"as many as the least", 0, 600, 10 * time.Second, time.Minute, 100, ""},
		{"one more is rounded up", 0, 601, 10 * time.Second, time.Minute, 101, ""},
		{"many edges", 0, 10_000, 10 * time.Second, time.Minute, 1667, ""},
		{"no edge", 0, 0, 10 * time.Second, time.Minute, 100, ""},
		{"product beyond an int64 of nanoseconds", 0, 100_000_000, 4 * time.Minute, 5 * time.Minute, 80_000_000, ""},
		{"no interval", 0, 10, time.Second, 0, 100, ""},
		{"configured as the default", 100, 8, 10 * time.Second, time.Minute, 100, ""},
		{"configured above", 200, 8, 10 * time.Second, time.Minute, 200, ""},
		{"configured below", 50, 1200, 10 * time.Second, time.Minute, 50,
			"workers: 50 is fewer than 200, the default for 1200 addresses with timeout 10s and interval 1m0s: edges that hang would delay the probes of the others"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := EffectiveWorkers(test.workers, test.addresses, test.timeout, test.interval); got != test.want {
				t.Errorf("EffectiveWorkers = %d, want %d", got, test.want)
			}
			if got := WorkersWarning(test.workers, test.addresses, test.timeout, test.interval); got != test.warning {
				t.Errorf("WorkersWarning = %q, want %q", got, test.warning)
			}
		})
	}
}
