package network

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/legacy"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// content is what a file holds, or that there is none.
func (s *site) content(path string) string {
	s.Helper()
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return "no file"
	}
	if err != nil {
		s.Fatal(err)
	}
	return string(data)
}

// inKeeper has a network of three edges, two of them live, that keeps the files of legacy and a live list.
func inKeeper(t *testing.T, test func(s *site)) {
	inBubble(t, func(s *site) {
		s.config.Legacy, s.config.LiveList = filepath.Join(s.TempDir(), "legacy"), filepath.Join(s.TempDir(), "live")
		s.edges("a 192.0.2.1", "b 192.0.2.2 2001:db8::2", "c 192.0.2.3")
		s.prober.set(behaviour{took: 3 * fast}, "192.0.2.3")
		test(s)
	})
}

func (s *site) stored(name string) legacy.Edgestore {
	s.Helper()
	data := s.content(filepath.Join(s.config.Legacy, name+".edgestore"))
	e, notes, err := legacy.DecodeEdgestore([]byte(data), s.now())
	if err != nil || notes != nil {
		s.Fatalf("%v %v\n%s", err, notes, data)
	}
	return e
}

func (s *site) storedState() legacy.State {
	s.Helper()
	data := s.content(filepath.Join(s.config.Legacy, "net.state"))
	st, notes, err := legacy.DecodeState([]byte(data), s.now())
	if err != nil || notes != nil {
		s.Fatalf("%v %v\n%s", err, notes, data)
	}
	return st
}

// The live list follows the set, has the names of both families once, and is left alone while nothing changes.
func TestLiveList(t *testing.T) {
	inKeeper(t, func(s *site) {
		s.config.Families = config.Both
		s.start()
		s.round()
		s.equal("at first", s.content(s.config.LiveList), "a\nb\n")
		before, err := os.Stat(s.config.LiveList)
		if err != nil {
			t.Fatal(err)
		}
		s.round()
		after, err := os.Stat(s.config.LiveList)
		if err != nil || !os.SameFile(before, after) || after.Mode().Perm() != 0o644 {
			t.Errorf("it was written without need, or has mode %v", after.Mode())
		}
		s.prober.set(dead, "192.0.2.1")
		s.round()
		s.equal("after an edge died", s.content(s.config.LiveList), "b\nc\n")
		s.write(s.config.LiveList+".x", "")
		if err := os.Rename(s.config.LiveList+".x", s.config.LiveList); err != nil {
			t.Fatal(err)
		}
		s.restart()
		s.round()
		s.equal("after somebody wrote it", s.content(s.config.LiveList), "b\nc\n")
		s.remove(s.config.LiveList)
		s.round()
		s.equal("after somebody removed it", s.content(s.config.LiveList), "b\nc\n")
		for _, name := range []string{"a", "b", "c"} {
			if _, err := s.SetMode(s.Context(), ModeChange{Edge: name, Mode: selector.Unavailable, Comment: "x", Force: true}); err != nil {
				t.Fatal(err)
			}
		}
		s.round()
		s.want("with nothing left", "SERVFAIL")
		if got := s.content(s.config.LiveList); got == "" {
			t.Error("the list is empty")
		}
	})
}

// The files are what the Python tool would have written: the fetches with failures as the timeout, the grade, in or out,
// the mode with its comment and its author.
func TestLegacyFiles(t *testing.T) {
	inKeeper(t, func(s *site) {
		s.prober.set(dead, "192.0.2.3")
		s.start()
		s.round()
		s.round()
		e := s.stored("a")
		s.equal("the last fetch", e.FetchTimes[len(e.FetchTimes)-1].Seconds, fast.Seconds())
		s.equal("health, state, mode", strings.Join([]string{e.Health, e.State, e.Mode}, " "), "pass_threshold in available")
		if len(e.RotationHistory) == 0 {
			t.Error("no rotation history of a live edge")
		}
		e = s.stored("c")
		s.equal("a failure", e.FetchTimes[0].Seconds, 10.0)
		s.equal("health, state, mode", strings.Join([]string{e.Health, e.State, e.Mode}, " "), "fail out available")

		_, err := s.SetMode(s.Context(), ModeChange{Edge: "b", Mode: selector.Unavailable, Comment: "reboot", Author: "root", Claimed: "alice"})
		if err != nil {
			t.Fatal(err)
		}
		s.advance(time.Millisecond) // it is written by another goroutine
		e = s.stored("b")
		s.equal("mode and comment, at once", e.Mode+" "+e.Comment, "unavailable [alice] reboot")
		s.equal("since", *e.StateEntryTime, legacy.TimeOf(s.Status().Modes["b"].At))
		s.equal("state", s.storedState().LastLive, []string{"a"})
		s.mode("b", selector.Available)
		s.advance(time.Millisecond)
		e = s.stored("b")
		s.equal("mode and comment afterwards", e.Mode+" "+e.Comment, "available ")
		s.round()
		st := s.storedState()
		s.equal("live", st.LastLive, []string{"a", "b"})
		s.equal("rotations", len(st.RotationList), 3)
		if info, err := os.Stat(filepath.Join(s.config.Legacy, "a.edgestore")); err != nil || info.Mode().Perm() != 0o644 {
			t.Errorf("got %v, %v", info, err)
		}
	})
}

// What is in no history of ours goes on from the files: averages and rotations of a site that comes from that tool.
func TestLegacyGoesOn(t *testing.T) {
	inImport(t, func(s *site, left string) {
		s.config.Legacy = filepath.Join(left, "health") // in place
		s.start()
		s.round()
		e := s.stored("edge3.example.net")
		s.equal("fetches", len(e.FetchTimes), 182)
		s.equal("the first of them", e.FetchTimes[0].At, legacy.Time(1795000060.1656492))
		s.equal("averages", e.HistoricalAverage[0], legacy.Sample{At: 1795003243.0450826, Seconds: 0.20548488888888883})
		if n := len(e.RotationHistory); n < 181 {
			t.Errorf("got %d rounds in rotation", n)
		}
		s.equal("mode and comment", e.Mode+" "+e.Comment, "force [ops] new hardware soak")
		before := s.stored("edge1.example.net")
		s.restart()
		s.round()
		after := s.stored("edge1.example.net")
		if diff := cmp.Diff(before.FetchTimes, after.FetchTimes[:len(before.FetchTimes)]); diff != "" {
			t.Errorf("after a restart: %s", diff)
		}
	})
}

// A new directory goes on from what the Python tool left elsewhere: its averages, and when the set changed.
func TestLegacyGoesOnElsewhere(t *testing.T) {
	inImport(t, func(s *site, left string) {
		s.config.Legacy, s.config.Name = filepath.Join(s.TempDir(), "legacy"), "net"
		s.start()
		s.round()
		s.equal("rotations", len(s.storedState().RotationList), 3)
		e := s.stored("edge3.example.net")
		s.equal("averages", len(e.HistoricalAverage), 3)
		s.equal("the first fetch", e.FetchTimes[0].At, legacy.Time(1795000060.1656492))
		if n := len(e.RotationHistory); n < 181 {
			t.Errorf("got %d rounds in rotation", n)
		}
	})
}

// A disk that refuses is told of once, stops nothing, and gets everything when it is back.
func TestKeeperTrouble(t *testing.T) {
	inKeeper(t, func(s *site) {
		dir := filepath.Dir(s.config.LiveList)
		s.config.LiveList, s.config.Legacy = filepath.Join(dir, "gone/live"), filepath.Join(dir, "file/legacy")
		s.write(filepath.Join(dir, "file"), "")
		s.start()
		s.round()
		s.round()
		s.want("all the same", "192.0.2.1 192.0.2.2")
		s.equal("told", len(heard[FileFailed](s.told)), 2)
		s.remove(filepath.Join(dir, "file"))
		if err := os.Mkdir(filepath.Join(dir, "gone"), 0o755); err != nil {
			t.Fatal(err)
		}
		s.round()
		s.equal("live list", s.content(s.config.LiveList), "a\nb\n")
		s.equal("state", s.storedState().LastLive, []string{"a", "b"})
	})
}

// In dry run nothing is written.
func TestKeeperDryRun(t *testing.T) {
	inKeeper(t, func(s *site) {
		s.config.DryRun = true
		s.start()
		s.round()
		s.equal("live list", s.content(s.config.LiveList), "no file")
		s.equal("legacy", s.content(filepath.Join(s.config.Legacy, "net.state")), "no file")
	})
}
