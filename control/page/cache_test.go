package page

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// However many look, the networks are asked once a second at most, and by one at a time.
func TestCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		release := make(chan struct{})
		c := newCache(func(context.Context) (site, error) {
			reads++ // without a lock: the race detector sees two that read at a time
			<-release
			return site{version: "v", at: time.Now()}, nil
		}, time.Now)
		var looking sync.WaitGroup
		for range 20 {
			looking.Go(func() {
				if s, err := c.get(t.Context()); err != nil || s.version != "v" {
					t.Errorf("got %v, %v", s, err)
				}
			})
		}
		synctest.Wait()
		close(release)
		looking.Wait()
		if reads != 1 {
			t.Errorf("20 looks at a time read %d times, want 1", reads)
		}
		looking.Go(func() { <-time.After(fresh) })
		looking.Wait()
		if _, err := c.get(t.Context()); err != nil || reads != 2 {
			t.Errorf("a look after %s: %d reads and error %v, want 2 and none", fresh, reads, err)
		}
	})
}

// Who waits for a network that is stuck waits no longer than it wanted to, and leaves nothing behind.
func TestCacheGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := newCache(func(context.Context) (site, error) {
			<-release
			return site{}, errors.New("stuck")
		}, time.Now)
		var looking sync.WaitGroup
		looking.Go(func() {
			if _, err := c.get(t.Context()); err == nil {
				t.Error("the error of the read is lost")
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if _, err := c.get(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want that of the deadline", err)
		}
		close(release)
		looking.Wait()
		if _, err := c.get(t.Context()); err == nil {
			t.Error("an error was kept for a site")
		}
	})
}

// A clock that was set back must not keep an old page alive.
func TestCacheClockSetBack(t *testing.T) {
	reads, now := 0, noon
	c := newCache(func(context.Context) (site, error) { reads++; return site{at: now}, nil }, func() time.Time { return now })
	for range 2 {
		if _, err := c.get(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(-time.Hour)
	}
	if reads != 2 {
		t.Errorf("read %d times, want 2", reads)
	}
}

// Somebody closed the window while the networks were asked: the samples were not to be had then, and all who looked within
// the second saw a page that said "context canceled" instead of them.
func TestCacheOfWhoWentAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := make(chan struct{})
		c := newCache(func(ctx context.Context) (site, error) {
			<-asked
			s := site{at: time.Now(), networks: make([]reading, 1)}
			if ctx.Err() != nil {
				s.networks[0].undrawn = ctx.Err().Error()
			}
			return s, nil
		}, time.Now)
		ctx, leave := context.WithCancel(t.Context())
		var looking sync.WaitGroup
		looking.Go(func() { _, _ = c.get(ctx) })
		synctest.Wait()
		leave()
		close(asked)
		looking.Wait()
		s, err := c.get(t.Context())
		if err != nil || s.networks[0].undrawn != "" {
			t.Errorf("got error %v, and no samples: %q", err, s.networks[0].undrawn)
		}
	})
}
