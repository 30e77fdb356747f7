package control

import (
	"testing"
	"time"
)

func TestLate(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const interval, timeout = time.Minute, 10 * time.Second
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	tests := []struct {
		name        string
		last, since time.Time
		want        bool
	}{
		{"in time", ago(time.Minute), ago(time.Hour), false},
		{"at the bound", ago(130 * time.Second), ago(time.Hour), false},
		{"after it", ago(131 * time.Second), ago(time.Hour), true},
		{"none yet", time.Time{}, ago(time.Minute), false},
		{"never", time.Time{}, ago(time.Hour), true},
		{"long ago, and started anew", ago(time.Hour), ago(time.Minute), false},
		{"not started", time.Time{}, time.Time{}, false},
		{"the clock was set back", now.Add(time.Hour), ago(time.Minute), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Late(tt.last, tt.since, now, interval, timeout); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}
