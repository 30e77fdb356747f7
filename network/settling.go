package network

import "sync"

// settling are events of which the zone files are yet to be written. Commands are run when they are: one that has a name
// server read the files again would find the old ones otherwise. It outlives reloads with the memory.
type settling struct {
	mu      sync.Mutex
	waiting []chan struct{}
}

// add returns what is closed when the files are written that are to be written now.
func (s *settling) add() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	written := make(chan struct{})
	s.waiting = append(s.waiting, written)
	return written
}

// take takes those out that wait for what is written from now on.
func (s *settling) take() []chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := s.waiting
	s.waiting = nil
	return waiting
}

// putBack has them wait for the next to write.
func (s *settling) putBack(waiting []chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(waiting, s.waiting...)
}

// settle lets those run that waited. It follows a failure to write, too: it may last, and other files were written.
func settle(waiting []chan struct{}) {
	for _, written := range waiting {
		close(written)
	}
}
