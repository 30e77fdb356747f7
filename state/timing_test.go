package state

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pass lets the bubble's clock run on and the store come to rest.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// reports gathers what a store says of its trouble.
type reports struct {
	mu    sync.Mutex
	lines []string
}

func (r *reports) add(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
}

func (r *reports) got() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

func (r *reports) options() Options {
	return Options{
		OnError:   func(error) { r.add("error") },
		OnRecover: func() { r.add("recovered") },
	}
}

func TestRecordEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s, _ := mustOpen(t, dir, Options{})
		records := func() int {
			data, err := os.ReadFile(filepath.Join(dir, roundsName))
			if err != nil {
				t.Fatal(err)
			}
			return strings.Count(string(data), "\n")
		}
		want := manySamples(50, 7)
		for i := range want { // one each 100 ms
			s.AddSamples(want[i : i+1])
			if i%5 == 0 {
				s.Save(Document{}) // which must not bring the journal forward
			}
			pass(100 * time.Millisecond)
		}
		if got := records(); got != 6 {
			t.Errorf("got %d records in five seconds, want 6: one at once, one at the end of each", got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := diffSamples(want, samplesOf(t, mustRead(t, dir))); diff != "" {
			t.Errorf("samples (-want +got):\n%s", diff)
		}
	})
}

// TestRetry: with the disk away nothing waits for it, trouble is told of once, and tries come ever more rarely.
func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		writeFile(t, file, nil) // where a directory should be
		dir := filepath.Join(file, "main")
		var said reports
		s, l := mustOpen(t, dir, said.options())
		if l.Found || l.ModesLost {
			t.Errorf("got %+v", l)
		}
		begun := time.Now()
		var tries []time.Duration
		last := s.Errors()
		for time.Since(begun) < 40*time.Second {
			pass(100 * time.Millisecond)
			if n := s.Errors(); n > last {
				tries = append(tries, time.Since(begun).Truncate(time.Second))
				last = n
			}
		}
		want := []time.Duration{1e9, 3e9, 7e9, 15e9, 25e9, 35e9}
		if diff := cmp.Diff(want, tries); diff != "" {
			t.Errorf("tries (-want +got):\n%s", diff)
		}

		// A document is tried at once, so that its owner learns without delay that it is not saved.
		pending := s.Save(sampleDocument())
		s.AddSamples(manySamples(3, 3))
		s.AddChange(Change{Kind: "set"})
		synctest.Wait()
		select {
		case <-pending.Failed():
		default:
			t.Error("the save has not failed")
		}
		if err := s.Err(); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("got error %v, want one that names the directory", err)
		}
		if diff := cmp.Diff([]string{"error"}, said.got()); diff != "" {
			t.Errorf("said (-want +got):\n%s", diff)
		}

		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		<-pending.Done()
		synctest.Wait()
		if err := s.Err(); err != nil {
			t.Errorf("after it came back: %v", err)
		}
		if diff := cmp.Diff([]string{"error", "recovered"}, said.got()); diff != "" {
			t.Errorf("said (-want +got):\n%s", diff)
		}
		l = mustRead(t, dir)
		if diff := cmp.Diff(sampleDocument(), l.Document, alike); diff != "" {
			t.Errorf("document (-want +got):\n%s", diff)
		}
		if diff := diffSamples(manySamples(3, 3), samplesOf(t, l)); diff != "" {
			t.Errorf("samples (-want +got):\n%s", diff)
		}
		if changes, err := s.Changes(10); err != nil || len(changes) != 1 {
			t.Errorf("got changes %v, %v", changes, err)
		}
	})
}

func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s, _ := mustOpen(t, dir, Options{Rounds: 4})
		s.SetEdges(5)
		all := manySamples(100, 5)
		for round := range slices.Chunk(all, 5) {
			s.AddSamples(round)
			pass(time.Second)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := diffSamples(all[60:], samplesOf(t, mustRead(t, dir))); diff != "" {
			t.Errorf("samples (-want +got):\n%s", diff)
		}

		// A new process counts what is there, and a new size holds from then on.
		s, _ = mustOpen(t, dir, Options{Rounds: 4})
		s.SetEdges(5)
		s.Resize(8)
		for round := range slices.Chunk(all, 5) {
			s.AddSamples(round)
			pass(time.Second)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := diffSamples(all[20:], samplesOf(t, mustRead(t, dir))); diff != "" {
			t.Errorf("samples after a restart (-want +got):\n%s", diff)
		}
	})
}

func TestAfterClose(t *testing.T) {
	dir := t.TempDir()
	s, _ := mustOpen(t, dir, Options{})
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	before := names(t, dir)
	s.AddSamples(manySamples(1, 1))
	s.AddChange(Change{Kind: "set"})
	late := s.Save(Document{})
	await(t, "save after Close", late.Failed())
	if err := late.Err(); !errors.Is(err, ErrClosed) {
		t.Errorf("save after Close: got %v, want ErrClosed", err)
	}
	if diff := cmp.Diff(before, names(t, dir)); diff != "" {
		t.Errorf("files (-before +after):\n%s", diff)
	}
}

func TestCloseInTrouble(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, nil)
	s, _ := mustOpen(t, filepath.Join(file, "main"), Options{})
	p := s.Save(Document{})
	if err := s.Close(); err == nil {
		t.Error("got no error, want what could not be saved")
	}
	await(t, "the save's failure", p.Failed())
	if err := p.Err(); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v for the save's failure, want one that names %s", err, file)
	}
	select {
	case <-p.Done():
		t.Error("the save is done")
	default:
	}
}
