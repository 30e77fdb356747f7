//go:build e2e && bench

package test

import (
	"bufio"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// fullHistory is how many samples a network keeps of an edge.
const fullHistory = 2000

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// fill writes the journal that a server has after a long time: the last rounds of n edges, one an interval. It is a history
// that was rotated away and newer rounds, which are rotated when they are a history. (The format is that of package state.)
func fill(t testing.TB, dir string, n int, every time.Duration, newer int) (samples int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	const older = fullHistory
	start := time.Now().Add(-time.Duration(older+newer) * every)
	fillFile(t, filepath.Join(dir, "rounds.log.1"), n, older, start, every)
	fillFile(t, filepath.Join(dir, "rounds.log"), n, newer, start.Add(older*every), every)
	return n * (older + newer)
}

// fillFile writes some rounds into one file of a journal, a record for each second or, where rounds are shorter, each round.
func fillFile(t testing.TB, path string, edges, rounds int, start time.Time, every time.Duration) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	records := max(1, int(every/time.Second))
	var payload []byte
	for round := range rounds {
		for record := range records {
			at := start.Add(time.Duration(round)*every + time.Duration(record)*every/time.Duration(records))
			payload = fmt.Appendf(payload[:0], "%d", at.UnixMilli())
			for i := record * edges / records; i < (record+1)*edges/records; i++ {
				if round == 0 {
					payload = fmt.Appendf(payload, " +%d=%s/4", i, edgeName(i))
				}
				payload = fmt.Appendf(payload, " %d:%d", i, 1000+random.IntN(200_000))
			}
			fmt.Fprintf(w, "%d %08x %s\n", len(payload), crc32.Checksum(payload, castagnoli), payload)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}
