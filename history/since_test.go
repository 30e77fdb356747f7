package history

import (
	"testing"
	"time"
)

func TestSince(t *testing.T) {
	start := time.Unix(1700000000, 0)
	r := Rules{GoodEnough: time.Second, Timeout: 10 * time.Second, Window: time.Minute}
	h := New(8)
	for i := range 10 { // the first two are dropped
		h.Add(Sample{At: start.Add(time.Duration(i) * time.Second), Took: time.Millisecond}, r)
	}
	back := New(8)
	for _, second := range []int{0, 1, 9, 2, 3} { // the clock is set back
		back.Add(Sample{At: start.Add(time.Duration(second) * time.Second), Took: time.Millisecond}, r)
	}
	tests := []struct {
		name        string
		h           *History
		since       int // seconds after the start
		least, most int
		first, n    int // seconds of the first sample, and how many there are
	}{
		{"none yet", New(8), 0, 5, 9, 0, 0},
		{"those not before", h, 6, 0, 9, 6, 4},
		{"all", h, -100, 0, 9, 2, 8},
		{"few at least", h, 100, 3, 9, 7, 3},
		{"as many as there are", h, 100, 30, 90, 2, 8},
		{"no more than most", h, 0, 0, 3, 7, 3},
		{"most goes before least", h, 0, 5, 3, 7, 3},
		{"nothing asked for", h, 0, 0, 0, 0, 0},
		{"by arrival", back, 3, 0, 9, 3, 1},
		{"by arrival, over the step", back, 1, 0, 9, 1, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.h.Since(start.Add(time.Duration(tt.since)*time.Second), tt.least, tt.most)
			if len(got) != tt.n || tt.n > 0 && !got[0].At.Equal(start.Add(time.Duration(tt.first)*time.Second)) {
				t.Errorf("got %v, want %d from second %d on", got, tt.n, tt.first)
			}
		})
	}
}
