package network

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/legacy"
)

// What the files of legacy go on from: the histories of before, and what is found in the directory.

// remind has the histories copied for the writer, if there is one. It precedes the first sample of this network.
func (n *Network) remind() {
	if !n.mute() && n.config.Legacy != "" {
		n.past = n.pastSamples()
	}
}

// pastSamples copies the histories for the writer, which goes on from them.
func (n *Network) pastSamples() map[string][]legacy.Sample {
	past := map[string][]legacy.Sample{}
	for name, e := range n.mem.edges {
		if m := e.members[IPv4]; m != nil && m.hist.Len() > 0 {
			for _, s := range m.hist.Recent(mostLegacy) {
				past[name] = append(past[name], n.legacySample(s))
			}
		}
	}
	return past
}

// recall goes on from the files that are there: from the averages and rotations, which are in no history of ours, and from
// the fetches of before. A file that has no sense is written anew.
func (w *legacyWriter) recall(root *os.Root, edges map[string]EdgeStatus) {
	now := w.network.now()
	for name := range edges {
		data := w.left(root, name+storeSuffix, func(i *config.Import) string { return filepath.Join(i.HealthStore, name+storeSuffix) })
		if len(data) == 0 {
			continue
		}
		if e, _, err := legacy.DecodeEdgestore(data, now); err == nil {
			store := w.store(name)
			store.FetchTimes = goOn(e.FetchTimes, store.FetchTimes)
			store.HistoricalAverage, store.RotationHistory, store.StateEntryTime = e.HistoricalAverage, e.RotationHistory, e.StateEntryTime
		}
	}
	data := w.left(root, w.network.config.Name+".state", func(i *config.Import) string { return i.StateFile })
	if s, _, err := legacy.DecodeState(data, now); err == nil {
		w.state.RotationList = s.RotationList
	}
}

// left is a file as it is in the directory, or as the Python tool left it elsewhere; empty where there is none.
func (w *legacyWriter) left(root *os.Root, name string, elsewhere func(*config.Import) string) []byte {
	data, err := readIn(root, name)
	from := w.network.config.Import
	if !errors.Is(err, fs.ErrNotExist) || from == nil {
		return data
	}
	path := elsewhere(from)
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil
	}
	defer dir.Close()
	data, _ = readIn(dir, filepath.Base(path))
	return data
}

// goOn appends to the fetches of a file those of a history that are later. The history has its times to a hundredth of a
// second.
func goOn(file, ours []legacy.Sample) []legacy.Sample {
	if len(file) > 0 {
		last := file[len(file)-1].At + 0.02
		ours = slices.DeleteFunc(slices.Clone(ours), func(s legacy.Sample) bool { return s.At <= last })
	}
	all := slices.Concat(file, ours)
	return all[max(0, len(all)-mostLegacy):]
}
