package state

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	defaultRounds = 2000
	// maxQueued bounds the samples that wait for the disk, about ten megabytes of them.
	maxQueued = 1 << 17
	// maxQueuedChanges bounds the changes that wait for the disk: it is as many as the two files of them hold.
	maxQueuedChanges = 2 * changesLimit
)

// ErrClosed is the error for what is handed to a Store after Close.
var ErrClosed = errors.New("state is closed")

// Options says how a Store works. The zero value will do.
type Options struct {
	// Rounds is how many rounds rounds.log takes before it is rotated; 2000 when zero. See Store.SetEdges.
	Rounds int
	// OnError is called once when trouble with the disk begins, and for every file that is set aside after Open.
	// It is called from the Store's goroutine, and must not call Close.
	OnError func(error)
	// OnRecover is called, as OnError, when everything has been written again.
	OnRecover func()
	// Now is the clock of dates in names and documents; time.Now when nil.
	Now func() time.Time
}

// Store keeps one network's state. Its methods may be called from any goroutine.
type Store struct {
	dir  string
	o    Options
	wake chan struct{}
	stop chan struct{}
	done chan struct{}

	errors atomic.Uint64

	mu       sync.Mutex // held for moments, never while the disk is used
	closed   bool
	closeErr error
	trouble  error
	rounds   int
	edges    int
	next     *Document // not yet seen by the writer
	pending  *Pending  // of next
	samples  []Sample
	past     []Sample // of before the state began; they are written before samples
	changes  []Change
	includes map[string][]byte // by zone; nil is to be removed

	// changesMu is held while changes go from the queue to the file, so that Changes finds each in one place.
	changesMu sync.Mutex

	w writer
}

// Pending is a document on its way to the disk.
type Pending struct {
	done, failed chan struct{}
	err          error // set before failed is closed
}

func newPending() *Pending { return &Pending{done: make(chan struct{}), failed: make(chan struct{})} }

// Done is closed when the document, or a newer one, is durable. It never is when the Store is closed before.
func (p *Pending) Done() <-chan struct{} { return p.done }

// Failed is closed when the first attempt to write the document failed. It stays queued: Done is closed when the disk
// allows.
func (p *Pending) Failed() <-chan struct{} { return p.failed }

// Err returns why the first attempt failed, ErrClosed when the Store was closed before. It may be called once Failed is
// closed.
func (p *Pending) Err() error { return p.err }

func (p *Pending) fail(err error) {
	p.err = err
	close(p.failed)
}

// Open locks and reads a network's directory, which it makes where it is missing, and starts the Store's goroutine. It
// fails only when somebody else holds the lock (ErrLocked) or the state is of a newer version (ErrFormat). With any other
// trouble the Store starts without the disk, with whatever of it can be read, and goes on trying.
func Open(dir string, o Options) (*Store, *Loaded, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{
		dir: dir, o: o,
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	s.Resize(o.Rounds)
	d, trouble := openDisk(dir)
	if errors.Is(trouble, ErrLocked) {
		return nil, nil, trouble
	}
	l := &Loaded{}
	var root *os.Root
	if d != nil {
		root = d.root
	} else if root = l.openRoot(dir); root != nil {
		defer root.Close()
	}
	if root != nil {
		if err := l.readDocument(root); err != nil {
			if d != nil {
				d.close()
			}
			return nil, nil, err
		}
	}
	if d != nil {
		var notices []error
		notices, trouble = d.mend(l.known, o.Now())
		l.Problems = append(l.Problems, notices...)
		if trouble == nil {
			s.w.disk = d
		} else {
			defer d.close()
		}
	}
	if root != nil {
		l.openJournals(root)
		l.keepRoot(root)
	}
	s.w.known = l.known
	if l.Found {
		doc := l.Document.Clone()
		s.w.doc = &doc
	}
	// Where a crash or a full disk came between the writes of both, they are written again.
	s.w.orders, s.w.both = ordersOf(s.w.doc), root == nil || !l.Found || l.inBoth(root)
	s.w.dirty = !s.w.both
	if trouble != nil {
		s.fail(trouble)
	}
	go s.run()
	return s, l, nil
}

// Save hands over a document, of which it keeps a copy. When the disk is slow only the latest is written.
func (s *Store) Save(d Document) *Pending {
	d = d.Clone()
	d.Saved = s.o.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		p := newPending()
		p.fail(ErrClosed)
		return p
	}
	s.next = &d
	if s.pending == nil {
		s.pending = newPending()
	}
	s.rouse()
	return s.pending
}

// AddSamples hands over samples. They are written within about a second. While the disk is away the oldest are dropped
// when there are too many, and count as errors.
func (s *Store) AddSamples(samples []Sample) {
	if len(samples) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.samples = append(s.samples, samples...)
	s.samples = s.drop(s.samples)
	s.rouse()
}

// AddHistory hands over the samples of before this state began, in the order of their times, as an import brings them. They
// are written as those of AddSamples are, before them; none is dropped, so there must be an end to them.
func (s *Store) AddHistory(samples []Sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.past = append(s.past, samples...)
	s.rouse()
}

// drop returns the newest samples, as many as may wait.
func (s *Store) drop(samples []Sample) []Sample {
	excess := len(samples) - maxQueued
	if excess <= 0 {
		return samples
	}
	s.errors.Add(uint64(excess))
	return append(samples[:0:0], samples[excess:]...)
}

// AddChange hands over a change. It is written at once.
func (s *Store) AddChange(c Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.changes = keepChanges(append(s.changes, c))
	s.rouse()
}

// keepChanges returns the newest changes, as many as may wait. The others are no loss that counts: once written they would
// have been rotated away by those.
func keepChanges(changes []Change) []Change {
	return changes[max(0, len(changes)-maxQueuedChanges):]
}

// Changes returns the last n changes, newest first, with those that still wait for the disk.
func (s *Store) Changes(n int) ([]Change, error) {
	s.changesMu.Lock()
	defer s.changesMu.Unlock()
	s.mu.Lock()
	var changes []Change
	for i := len(s.changes) - 1; i >= 0 && len(changes) < n; i-- {
		changes = append(changes, s.changes[i])
	}
	s.mu.Unlock()
	older, err := ReadChanges(s.dir, n-len(changes))
	return append(changes, older...), err
}

// SetEdges says how many samples a round brings: one for every history that is probed. Until it is called the journal is
// not rotated.
func (s *Store) SetEdges(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.edges = n
}

// Resize changes Options.Rounds.
func (s *Store) Resize(rounds int) {
	if rounds <= 0 {
		rounds = defaultRounds
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rounds = rounds
}

// Errors returns how many writes have failed, and how many samples have been lost, since Open.
func (s *Store) Errors() uint64 { return s.errors.Load() }

// Err returns what is wrong with the disk now, or nil.
func (s *Store) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}

// Close writes everything, syncs it, and releases the lock. Its error says what could not be written.
func (s *Store) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.stop)
	}
	s.mu.Unlock()
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closeErr
}

// rouse makes the writer look at what there is to do.
func (s *Store) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// fail counts a failed attempt and keeps what failed.
func (s *Store) fail(err error) {
	s.errors.Add(1)
	s.suffer(err)
}
