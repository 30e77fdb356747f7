//go:build e2e

package test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/legacy"
)

// pythonFile is a file as Python has it.
type pythonFile struct {
	Kind string `json:"kind"` // edgestore or state
	Text string `json:"text"`
	Keys bool   `json:"keys"` // the times that are keys are as str() has them
}

// What is written for the Python edgemanage is what Python itself writes, to the byte: numbers of any size, any text, and
// the order of keys. Thousands of values go from here to Python and back, and from there to here and back.
func TestPythonForms(t *testing.T) {
	t.Parallel()
	const many = 200
	seed := rand.Uint64N(1 << 31)
	t.Logf("seed %d", seed)
	draw := rand.New(rand.NewPCG(seed, 0))
	var ours []pythonFile
	var stdin strings.Builder
	for i := range many {
		e := randomStore(draw)
		f := pythonFile{"edgestore", string(e.Encode()), true}
		if i%4 == 0 {
			s := randomState(draw)
			f = pythonFile{"state", string(s.Encode()), true}
		}
		ours = append(ours, f)
		line, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		stdin.Write(append(line, '\n'))
	}
	out, status := runProgram(t, stdin.String(), "python3", "testdata/rewrite.py", fmt.Sprint(many), fmt.Sprint(seed))
	if status != 0 {
		t.Fatal(out)
	}
	var theirs []pythonFile
	for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
		var f pythonFile
		if err := d.Decode(&f); err != nil {
			t.Fatal(err)
		}
		theirs = append(theirs, f)
	}
	if len(theirs) != 2*many {
		t.Fatalf("got %d files of Python, want %d", len(theirs), 2*many)
	}
	for i, f := range ours {
		if diff := cmp.Diff(f, theirs[many+i]); diff != "" {
			t.Fatalf("Python writes it otherwise (-here +Python):\n%s", diff)
		}
	}
	for _, f := range theirs[:many] {
		again, err := rewrite(f)
		if err != nil {
			t.Fatalf("reading what Python wrote: %v\n%s", err, f.Text)
		}
		if diff := cmp.Diff(f.Text, again); diff != "" {
			t.Fatalf("what Python wrote is written otherwise (-Python +here):\n%s", diff)
		}
	}
}

// rewrite reads a file and writes it again.
func rewrite(f pythonFile) (string, error) {
	now := time.Unix(1795000000, 0)
	if f.Kind == "state" {
		s, notes, err := legacy.DecodeState([]byte(f.Text), now)
		if err == nil && notes != nil {
			err = fmt.Errorf("%q", notes)
		}
		return string(s.Encode()), err
	}
	e, notes, err := legacy.DecodeEdgestore([]byte(f.Text), now)
	if err == nil && notes != nil {
		err = fmt.Errorf("%q", notes)
	}
	return string(e.Encode()), err
}

// randomNumber has any size that a file can have, and often one that files have.
func randomNumber(draw *rand.Rand) float64 {
	switch draw.IntN(5) {
	case 0:
		return draw.Float64() * 12
	case 1:
		return math.Round(draw.Float64()*12e6) / 1e6
	case 2:
		return float64(draw.IntN(20)) // a timeout
	case 3:
		return draw.Float64() / 1000
	}
	for {
		if f := math.Float64frombits(draw.Uint64() >> 1); f < 1e300 {
			return f
		}
	}
}

func randomTime(draw *rand.Rand) legacy.Time {
	switch draw.IntN(3) {
	case 0:
		return legacy.TimeOf(time.UnixMicro(draw.Int64N(4e15)))
	case 1:
		return legacy.Time(draw.IntN(1795000000))
	}
	return legacy.Time(randomNumber(draw))
}

func randomText(draw *rand.Rand) string {
	var b strings.Builder
	for range draw.IntN(40) {
		b.WriteRune([]rune{' ' + draw.Int32N(0x5f), draw.Int32N(0x80), draw.Int32N(0xd800), 0xe000 + draw.Int32N(0x102000)}[draw.IntN(4)])
	}
	return b.String()
}

func randomSamples(draw *rand.Rand) (all []legacy.Sample) {
	for range draw.IntN(30) {
		all = append(all, legacy.Sample{At: randomTime(draw), Seconds: randomNumber(draw)})
	}
	return all
}

func randomStore(draw *rand.Rand) *legacy.Edgestore {
	since := randomTime(draw)
	e := &legacy.Edgestore{
		Comment: randomText(draw), FetchTimes: randomSamples(draw), Health: "pass", HistoricalAverage: randomSamples(draw),
		Mode: "available", State: "out", StateEntryTime: &since,
	}
	for range draw.IntN(4) {
		e.RotationHistory = append(e.RotationHistory, randomTime(draw))
	}
	return e
}

func randomState(draw *rand.Rand) *legacy.State {
	s := &legacy.State{LastRun: randomTime(draw), ActiveCanaries: map[string]string{}}
	for i := range draw.IntN(5) {
		s.RotationList = append(s.RotationList, randomTime(draw))
		s.LastLive = append(s.LastLive, randomText(draw))
		s.VerificationFailures = append(s.VerificationFailures, randomText(draw))
		s.ZoneMTimes = append(s.ZoneMTimes, legacy.ZoneMTime{Zone: fmt.Sprintf("zone%d %s", i, randomText(draw)), At: randomTime(draw)})
		s.ActiveCanaries[fmt.Sprintf("zone%d", i)] = randomText(draw)
	}
	slices.Sort(s.LastLive)
	return s
}
