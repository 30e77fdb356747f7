package console

import (
	"testing"
	"time"
)

func TestSeconds(t *testing.T) {
	for in, want := range map[float64]string{
		0: "0.0ms", 0.00042: "0.4ms", 0.0094: "9.4ms", 0.0096: "10ms", 0.1234: "123ms", 0.9994: "999ms", 0.9996: "1.00s", 1.256: "1.26s",
		9.994: "9.99s", 9.996: "10.0s", 58.24: "58.2s", 99.96: "100s", 600: "600s",
	} {
		if got := Seconds(in); got != want {
			t.Errorf("%v: got %s, want %s", in, got, want)
		}
	}
}

func TestSpan(t *testing.T) {
	for in, want := range map[time.Duration]string{
		0: "0s", 400 * time.Millisecond: "0s", 59400 * time.Millisecond: "59s", 59600 * time.Millisecond: "1m", 61 * time.Second: "1m1s",
		time.Hour - 31*time.Second: "59m29s", time.Hour - 30*time.Second: "1h", time.Hour - time.Millisecond: "1h", 2 * time.Hour: "2h", 2*time.Hour + 5*time.Minute + 50*time.Second: "2h6m",
		24*time.Hour - time.Second: "1d", 26 * time.Hour: "1d2h", 90 * 24 * time.Hour: "90d", -time.Minute: "1m",
	} {
		if got := Span(in); got != want {
			t.Errorf("%v: got %s, want %s", in, got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	now := time.Date(2026, 3, 12, 2, 10, 4, 0, time.UTC)
	east := time.FixedZone("east", 3*3600)
	tests := []struct {
		name           string
		t              time.Time
		ago, at, until string
	}{
		{"now", now, "just now", "02:10:04", "until 02:10:04 UTC (over)"},
		{"past", now.Add(-3 * time.Minute), "3m ago", "02:07:04", "until 02:07:04 UTC (over)"},
		{"yesterday", now.Add(-3 * time.Hour), "3h ago", "2026-03-11 23:10:04", "until 2026-03-11 23:10:04 UTC (over)"},
		{"to come", now.Add(2 * time.Hour).In(east), "in 2h", "04:10:04", "until 04:10:04 UTC (in 2h)"},
		{"tomorrow", now.Add(24 * time.Hour), "in 1d", "2026-03-13 02:10:04", "until 2026-03-13 02:10:04 UTC (in 1d)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if ago, at, until := Ago(tt.t, now), At(tt.t, now), Until(tt.t, now); ago != tt.ago || at != tt.at || until != tt.until {
				t.Errorf("got %q, %q, %q, want %q, %q, %q", ago, at, until, tt.ago, tt.at, tt.until)
			}
		})
	}
	if ago, until := Ago(time.Time{}, now), Until(time.Time{}, now); ago != "never" || until != "" {
		t.Errorf("got %q and %q of no time", ago, until)
	}
}

func TestPlural(t *testing.T) {
	for want, n := range map[string]int{"0 edges": 0, "1 edge": 1, "2 edges": 2} {
		if got := Plural(n, "edge"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := Plural(2, "canary"); got != "2 canaries" {
		t.Errorf("got %q, want 2 canaries", got)
	}
}
