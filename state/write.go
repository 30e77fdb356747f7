package state

import "fmt"

// writeSamples writes the samples that wait, and rotates the journal when it is full.
func (s *Store) writeSamples() error {
	s.mu.Lock()
	past, batch := s.past, s.samples
	s.past, s.samples = nil, nil
	limit := s.rounds * s.edges
	s.mu.Unlock()
	written, err := 0, error(nil)
	if len(past) > 0 {
		if written, err = s.journal(past, limit); err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.past, s.samples = past[written:], append(batch, s.samples...)
			return fmt.Errorf("writing samples of before: %w", err)
		}
	}
	if written, err = s.journal(batch, limit); err == nil {
		return nil
	}
	// What could not be written waits again, before what has come since.
	s.mu.Lock()
	defer s.mu.Unlock()
	s.samples = s.drop(append(batch[written:len(batch):len(batch)], s.samples...))
	return fmt.Errorf("writing samples: %w", err)
}

// journal appends samples and returns how many of them are done with.
func (s *Store) journal(batch []Sample, limit int) (written int, err error) {
	w := &s.w
	if !w.disk.rounds.current() {
		// Removed or replaced by somebody: go on with what is there now.
		w.encoder.reset()
		notice, err := w.disk.reopenRounds(s.o.Now())
		if notice != nil {
			s.notify(notice)
		}
		if err != nil {
			return 0, err
		}
	}
	rounds := w.disk.rounds
	for len(batch) > 0 {
		if limit > 0 && rounds.count >= limit {
			w.encoder.reset()
			if err := rounds.rotate(); err != nil {
				return written, err
			}
		}
		record, done, rejected := w.encoder.record(w.records[:0], batch)
		w.records = record
		if len(record) > 0 {
			if err := rounds.append(record, done-rejected); err != nil {
				// The definitions in it may be lost with it.
				w.encoder.reset()
				return written, err
			}
		}
		s.errors.Add(uint64(rejected))
		written += done
		batch = batch[done:]
	}
	return written, nil
}

// writeChanges writes the changes that wait, and makes them durable.
func (s *Store) writeChanges() error {
	s.changesMu.Lock()
	defer s.changesMu.Unlock()
	s.mu.Lock()
	batch := s.changes
	s.changes = nil
	s.mu.Unlock()
	written, err := s.w.disk.addChanges(batch)
	if err == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes = keepChanges(append(batch[written:len(batch):len(batch)], s.changes...))
	return fmt.Errorf("writing changes: %w", err)
}
