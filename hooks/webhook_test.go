package hooks

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// TestTries posts to a receiver that treats every try the same.
func TestTries(t *testing.T) {
	const s = time.Second
	all := []time.Duration{0, 1 * s, 6 * s, 36 * s, 156 * s, 456 * s}
	tests := []struct {
		name   string
		manner manner
		at     []time.Duration
		want   tally
	}{
		{"taken", taking, all[:1], tally{Taken: 1}},
		{"any 2xx", manner{status: 299}, all[:1], tally{Taken: 1}},
		{"no connection", closed, all, tally{Failed: 5, Lost: 1}},
		{"no answer in time", hanging, []time.Duration{0, 11 * s, 26 * s, 66 * s, 196 * s, 506 * s}, tally{Failed: 5, Lost: 1}},
		{"500", failing, all, tally{Failed: 5, Lost: 1}},
		{"503", manner{status: 503}, all, tally{Failed: 5, Lost: 1}},
		{"400", refusing, all[:1], tally{Lost: 1}},
		{"404", manner{status: 404}, all[:1], tally{Lost: 1}},
		{"408", manner{status: 408}, all, tally{Failed: 5, Lost: 1}},
		{"425", manner{status: 425}, all, tally{Failed: 5, Lost: 1}},
		{"429", manner{status: 429}, all, tally{Failed: 5, Lost: 1}},
		{"301", manner{status: 301}, all[:1], tally{Lost: 1}},
		{"304", manner{status: 304}, all[:1], tally{Lost: 1}},
		{"asks for less time", manner{status: 429, retry: "0"}, all, tally{Failed: 5, Lost: 1}},
		{"asks for more time", manner{status: 503, retry: "10"}, []time.Duration{0, 10 * s, 20 * s, 50 * s, 170 * s, 470 * s}, tally{Failed: 5, Lost: 1}},
		{"asks for too much time", manner{status: 503, retry: "86400"}, []time.Duration{0, 300 * s, 600 * s, 900 * s, 1200 * s, 1500 * s}, tally{Failed: 5, Lost: 1}},
		{"asks for time where none helps", manner{status: 410, retry: "10"}, all[:1], tally{Lost: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPosts(t, tt.manner)
				defer p.Close()
				p.Enqueue(change("x"))
				pass(time.Hour)
				got := p.receivers.take("a")
				if diff := cmp.Diff(tt.at, at(got)); diff != "" {
					t.Errorf("tries (-want +got):\n%s", diff)
				}
				for _, again := range got[1:] {
					if !bytes.Equal(again.body, got[0].body) {
						t.Errorf("posted again: got %s, want %s", again.body, got[0].body)
					}
				}
				reports := p.log.take()
				if diff := cmp.Diff(tt.want, count(reports)); diff != "" {
					t.Errorf("reports (-want +got):\n%s", diff)
				}
				for _, r := range reports {
					if text := fmt.Sprintf("%+v %v", r, r.Err); strings.Contains(text, "t0ken") || strings.Contains(text, "s3cret") {
						t.Errorf("%s: the URL is shown", text)
					}
					if r.Kind != Webhook || r.Target != "https://a" || r.Event != Changed || r.ID == "" {
						t.Errorf("got %+v, want a report of https://a with the event", r)
					}
				}
			})
		})
	}
}

// TestOrder has receivers of all kinds side by side: each gets what it gets in order, and none delays another.
func TestOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPosts(t, taking, hanging, failing, refusing)
		defer p.Close()
		var want []string
		for i := range 20 {
			p.Enqueue(change(fmt.Sprint(i)))
			want = append(want, fmt.Sprint(i))
		}
		pass(time.Second)
		for _, host := range []string{"a", "d"} {
			if diff := cmp.Diff(want, texts(p.receivers.take(host))); diff != "" {
				t.Errorf("%s within a second (-want +got):\n%s", host, diff)
			}
		}
		p.becomes("b", taking)
		p.becomes("c", taking)
		pass(10 * time.Minute)
		for _, host := range []string{"b", "c"} {
			got := texts(p.receivers.take(host))
			for len(got) > 1 && got[1] == "0" {
				got = got[1:]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", host, diff)
			}
		}
		if _, waiting := p.Pending(); waiting != 0 {
			t.Errorf("%d wait at the end", waiting)
		}
	})
}

// TestBound has more changes than may wait for a receiver that is down: the oldest are dropped, of its queue only.
func TestBound(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPosts(t, hanging, taking)
		defer p.Close()
		for i := range 1 + waits + 50 { // the first is under way
			p.Enqueue(change(fmt.Sprint(i)))
			pass(2 * taking.after)
		}
		if _, waiting := p.Pending(); waiting != waits {
			t.Errorf("%d wait, want %d", waiting, waits)
		}
		if diff := cmp.Diff(tally{Taken: 1 + waits + 50, Dropped: 50}, count(p.log.take())); diff != "" {
			t.Errorf("reports (-want +got):\n%s", diff)
		}
		p.becomes("a", taking)
		pass(10 * time.Minute)
		want := []string{"0", "0"}
		for i := range waits {
			want = append(want, fmt.Sprint(51+i))
		}
		if diff := cmp.Diff(want, texts(p.receivers.take("a"))); diff != "" {
			t.Errorf("posted (-want +got):\n%s", diff)
		}
	})
}

// TestKinds posts one event of each kind: webhooks get those that people want to know.
func TestKinds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPosts(t, taking)
		defer p.Close()
		for _, k := range []Kind{Changed, Zones, Rung, Modes, Freeze, Round, Before} {
			p.Enqueue(Event{Event: k, Text: string(k)})
		}
		pass(time.Second)
		if diff := cmp.Diff([]string{"change", "rung", "mode", "freeze"}, texts(p.receivers.take("a"))); diff != "" {
			t.Errorf("posted (-want +got):\n%s", diff)
		}
	})
}

// TestConfigure changes the webhooks while something waits for them: one stays, one goes, one comes.
func TestConfigure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPosts(t, failing, failing, taking)
		defer p.Close()
		p.Configure(nil, p.hooks[:2])
		p.Enqueue(change("1"))
		p.Enqueue(change("2"))
		pass(7 * time.Second)
		p.log.take()
		stays := p.hooks[0]
		stays.Secret = []byte("new")
		p.Configure(nil, []config.Webhook{stays, p.hooks[2], stays})
		pass(time.Millisecond)
		// What waited for the one that goes, the one it was at and the one after it, is lost, and counted.
		if diff := cmp.Diff(tally{Dropped: 2}, count(p.log.take())); diff != "" {
			t.Errorf("reports (-want +got):\n%s", diff)
		}
		p.Enqueue(change("3"))
		p.becomes("a", taking)
		p.becomes("b", taking)
		pass(time.Hour)
		got := p.receivers.take("a")
		if diff := cmp.Diff([]string{"1", "1", "1", "1", "2", "3"}, texts(got)); diff != "" {
			t.Errorf("the one that stays (-want +got):\n%s", diff)
		}
		if old, now := got[0].heads.Get(SignatureHeader), got[5].heads.Get(SignatureHeader); old != "" || now == "" {
			t.Errorf("signatures: got %q and %q, want the secret of each time", old, now)
		}
		if diff := cmp.Diff([]string{"1", "1", "1"}, texts(p.receivers.take("b"))); diff != "" {
			t.Errorf("the one that goes (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"3"}, texts(p.receivers.take("c"))); diff != "" {
			t.Errorf("the one that comes (-want +got):\n%s", diff)
		}
	})
}

// TestClose ends Hooks at different points. The bubble fails when a goroutine is left.
func TestClose(t *testing.T) {
	tests := []struct {
		name   string
		manner manner
		then   manner // from Close on
		after  time.Duration
		took   time.Duration
		want   tally
	}{
		{"when all is told", taking, taking, time.Second, 0, tally{}},
		{"with all to be told", taking, taking, 0, 30 * time.Millisecond, tally{Taken: 3}},
		{"between tries, and it works again", failing, taking, 10 * time.Second, 30 * time.Millisecond, tally{Taken: 3}},
		{"between tries, and it does not", failing, failing, 10 * time.Second, 0, tally{Lost: 3}},
		{"while one hangs", hanging, hanging, time.Second, grace, tally{Lost: 1, Dropped: 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPosts(t, tt.manner)
				for i := range 3 {
					p.Enqueue(change(fmt.Sprint(i)))
				}
				pass(tt.after)
				p.log.take()
				p.becomes("a", tt.then)
				began := time.Now()
				p.Close()
				if took := time.Since(began); took != tt.took {
					t.Errorf("Close took %v, want %v", took, tt.took)
				}
				if diff := cmp.Diff(tt.want, count(p.log.take())); diff != "" {
					t.Errorf("reports (-want +got):\n%s", diff)
				}
				p.Close()
				p.Enqueue(change("late"))
				p.Configure(nil, p.hooks)
				if _, waiting := p.Pending(); waiting != 0 {
					t.Errorf("%d wait after Close", waiting)
				}
			})
		})
	}
}
