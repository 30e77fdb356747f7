package state

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

const (
	// journalEvery is the least time between two records: it bounds how often a disk is woken.
	journalEvery = time.Second
	// A failed write is tried again after firstRetry, then after twice as long each time up to lastRetry.
	firstRetry = time.Second
	lastRetry  = 10 * time.Second
)

// writer is what only the Store's goroutine touches.
type writer struct {
	disk  *disk
	known digest // of the state.json that was read or written last

	doc     *Document // the last one, to be written again should the directory vanish
	dirty   bool      // doc is not on the disk
	orders  orders    // what operators said as of the last document that was written
	both    bool      // orders are in both generations
	waiting []*Pending
	blamed  int // how many of waiting have been told of a failure

	encoder  encoder
	records  []byte
	nextTime time.Time     // before which no samples are written
	retryAt  time.Time     // when the next attempt is due; zero without trouble
	backoff  time.Duration // that led to retryAt
	reported bool          // OnError has been called for the present trouble
}

// run is the Store's goroutine.
func (s *Store) run() {
	defer close(s.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	if err := s.Err(); err != nil { // Open's
		s.settle(err, false)
	}
	for {
		select {
		case <-s.wake:
		case <-timer.C:
		case <-s.stop:
			s.finish()
			return
		}
		if wait := s.work(false); wait > 0 {
			timer.Reset(wait)
		}
	}
}

// work writes what is due, and returns how long to wait before there is more, zero when only a call brings more.
func (s *Store) work(last bool) (wait time.Duration) {
	w, now := &s.w, time.Now()
	s.mu.Lock()
	if s.next != nil {
		w.doc, w.dirty = s.next, true
		w.waiting = append(w.waiting, s.pending)
		s.next, s.pending = nil, nil
	}
	urgent := len(w.waiting) > w.blamed || (w.dirty || len(s.changes)+len(s.includes) > 0) && w.retryAt.IsZero()
	journal := len(s.samples)+len(s.past) > 0
	s.mu.Unlock()

	inTrouble := !w.retryAt.IsZero()
	retry := inTrouble && !now.Before(w.retryAt)
	journalDue := journal && !now.Before(w.nextTime) && !inTrouble
	if urgent || retry || journalDue || last && (journal || w.dirty || inTrouble) {
		err := s.attempt(now, last || inTrouble || journalDue)
		if err != nil {
			s.fail(err)
		}
		s.settle(err, retry)
	}
	return s.nextWait()
}

// nextWait says when work is due if nothing new comes.
func (s *Store) nextWait() time.Duration {
	now := time.Now()
	if !s.w.retryAt.IsZero() {
		return max(time.Nanosecond, s.w.retryAt.Sub(now))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.samples)+len(s.past) > 0 {
		return max(time.Nanosecond, s.w.nextTime.Sub(now))
	}
	return 0
}

// attempt writes all that waits, the samples only with journal. One failure does not keep the rest from being written.
func (s *Store) attempt(now time.Time, journal bool) error {
	if err := s.attach(); err != nil {
		s.suffer(err)
		s.blame(err)
		return err
	}
	errs := []error{s.writeDocument(), s.writeChanges(), s.writeIncludes()}
	if journal {
		s.w.nextTime = now.Add(journalEvery)
		errs = append(errs, s.writeSamples())
	}
	return errors.Join(errs...)
}

// attach sees to it that w.disk is the directory as it is now.
func (s *Store) attach() error {
	w := &s.w
	if w.disk != nil && w.disk.present() {
		if w.doc != nil && !w.disk.has(stateName) {
			w.dirty = true
		}
		return nil
	}
	if w.disk != nil {
		_ = w.disk.close() // what it holds is gone already
		w.disk = nil
	}
	w.encoder.reset()
	w.dirty = w.doc != nil
	w.both = false // nobody knows what the directory has now
	d, err := openDisk(s.dir)
	if err != nil {
		return err
	}
	notices, err := d.mend(w.known, s.o.Now())
	for _, notice := range notices {
		s.notify(notice)
	}
	if err != nil {
		d.close()
		return err
	}
	w.disk = d
	return nil
}

func (s *Store) writeDocument() error {
	w := &s.w
	if !w.dirty {
		return nil
	}
	data, err := encodeDocument(w.doc)
	now := ordersOf(w.doc)
	if err == nil {
		// Of a write that fails half-way nobody knows which generation has what: the next one counts on nothing.
		w.both = w.both && now.equal(w.orders)
		w.orders = now
		err = w.disk.saveDocument(data)
	}
	if err != nil {
		err = fmt.Errorf("saving state: %w", err)
		s.suffer(err)
		s.blame(err)
		return err
	}
	w.known, w.dirty = sha256.Sum256(data), false
	for i, p := range w.waiting {
		close(p.done)
		w.waiting[i] = nil
	}
	w.waiting, w.blamed = w.waiting[:0], 0
	if !w.both {
		// In both generations: else one damaged file would bring back an edge that somebody took out.
		if err := w.disk.saveDocument(data); err != nil {
			w.dirty = true
			return fmt.Errorf("saving state a second time: %w", err)
		}
		w.both = true
	}
	return nil
}

// suffer makes err what is wrong now. Whoever is told of it by blame finds it when he looks.
func (s *Store) suffer(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = fmt.Errorf("state %q: %w", s.dir, err)
}

// blame tells those who wait for a document that the first attempt has failed, and why.
func (s *Store) blame(err error) {
	for _, p := range s.w.waiting[s.w.blamed:] {
		p.fail(fmt.Errorf("state %q: %w", s.dir, err))
	}
	s.w.blamed = len(s.w.waiting)
}

// notify tells of a file that was set aside.
func (s *Store) notify(notice error) {
	s.errors.Add(1)
	if s.o.OnError != nil {
		s.o.OnError(notice)
	}
}

// settle draws the consequences of an attempt: when to try again, and whom to tell.
func (s *Store) settle(err error, retried bool) {
	w := &s.w
	if err == nil {
		w.retryAt, w.backoff = time.Time{}, 0
		s.mu.Lock()
		s.trouble = nil
		s.mu.Unlock()
		if w.reported {
			w.reported = false
			if s.o.OnRecover != nil {
				s.o.OnRecover()
			}
		}
		return
	}
	if retried || w.backoff == 0 {
		w.backoff = min(max(2*w.backoff, firstRetry), lastRetry)
		w.retryAt = time.Now().Add(w.backoff)
	}
	if !w.reported {
		w.reported = true
		if s.o.OnError != nil {
			s.o.OnError(s.Err())
		}
	}
}

// finish writes what is left and closes the disk.
func (s *Store) finish() {
	s.work(true)
	var err error
	if s.w.disk != nil {
		err = s.w.disk.close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closeErr = s.trouble; err != nil {
		s.closeErr = errors.Join(s.closeErr, fmt.Errorf("closing state %q: %w", s.dir, err))
	}
	s.blame(ErrClosed)
}
