package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// The drawing's size in its own units; the style sheet gives it another on the screen.
const (
	sparkWidth  = 120
	sparkHeight = 28
	sparkMargin = 2
)

// sparkMost is the number of samples that are drawn; more would be closer together than a pixel.
const sparkMost = 60

// A spark is the latency of an edge drawn in a line of text: a step for each probe, the same for all, so that a pause of
// the server does not squeeze the rest.
type spark struct {
	Label      string    // what is seen, in words
	Lines      []string  // points of each run of successes, for <polyline>
	Dots       []point   // runs of one
	Failures   []point   // where a probe failed
	Last       *point    // the last sample, if it passed
	GoodEnough string    // height of the line that latencies should stay under
	Window     *interval // the part that the window holds
}

type point struct{ X, Y string }

type interval struct{ X, Width string }

// draw draws samples, the oldest first. It returns nil for none.
func draw(samples []control.Sample, n control.Network, now time.Time) *spark {
	samples = samples[max(0, len(samples)-sparkMost):]
	if len(samples) == 0 {
		return nil
	}
	top := scale(samples, n.GoodEnoughSeconds)
	step := float64(sparkWidth-2*sparkMargin) / float64(max(len(samples)-1, 1))
	x := func(i int) float64 {
		if len(samples) == 1 {
			return sparkWidth - sparkMargin
		}
		return sparkMargin + step*float64(i)
	}
	y := func(s float64) float64 {
		return sparkHeight - sparkMargin - min(s/top, 1)*(sparkHeight-2*sparkMargin)
	}
	d := &spark{Label: describe(samples, now), GoodEnough: number(y(n.GoodEnoughSeconds))}
	var run []point
	end := func() {
		switch len(run) {
		case 0:
		case 1:
			d.Dots = append(d.Dots, run[0])
		default:
			d.Lines = append(d.Lines, polyline(run))
		}
		run = nil
	}
	for i, s := range samples {
		if s.Failed {
			end()
			d.Failures = append(d.Failures, point{number(x(i)), number(sparkMargin)})
			continue
		}
		run = append(run, point{number(x(i)), number(y(s.Seconds))})
	}
	if len(run) > 0 {
		d.Last = &run[len(run)-1]
	}
	end()
	from := slices.IndexFunc(samples, func(s control.Sample) bool { return now.Sub(s.At) <= seconds(n.WindowSeconds) })
	if from >= 0 {
		left := max(0, x(from)-step/2)
		d.Window = &interval{number(left), number(sparkWidth - left)}
	}
	return d
}

// scale is the latency at the top of the drawing. The line of good enough is always well inside, and one slow sample does
// not flatten the others: what is over three times good enough is drawn at the top.
func scale(samples []control.Sample, goodEnough float64) float64 {
	var slowest float64
	for _, s := range samples {
		if !s.Failed {
			slowest = max(slowest, s.Seconds)
		}
	}
	if goodEnough <= 0 {
		return max(slowest, 0.001)
	}
	return min(max(slowest, 1.25*goodEnough), 3*goodEnough)
}

// describe says in words what the drawing shows, for those who do not see it.
func describe(samples []control.Sample, now time.Time) string {
	var failed int
	fastest, slowest := -1.0, 0.0
	for _, s := range samples {
		if s.Failed {
			failed++
			continue
		}
		if fastest < 0 || s.Seconds < fastest {
			fastest = s.Seconds
		}
		slowest = max(slowest, s.Seconds)
	}
	text := fmt.Sprintf("%d probes in %s", len(samples), span(now.Sub(samples[0].At)))
	if len(samples) == 1 {
		text = fmt.Sprintf("1 probe %s ago", span(now.Sub(samples[0].At)))
	}
	if failed > 0 {
		text += fmt.Sprintf(", %d failed", failed)
	}
	if fastest >= 0 {
		text += fmt.Sprintf(", from %s to %s", latency(fastest), latency(slowest))
	}
	return text
}

func polyline(points []point) string {
	var b strings.Builder
	for i, p := range points {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(p.X + "," + p.Y)
	}
	return b.String()
}

// number has one decimal: less than a pixel.
func number(f float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") }
