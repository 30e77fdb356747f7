package network

import (
	"context"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// pollEvery is how often the files are looked at. A file is read once it has looked the same twice in a row, so that one
// that is still being written is not taken up: a change is seen within two to three of these.
const pollEvery = time.Second

// reread is what the watcher sends when a file has moved: the new inputs, or what was wrong.
type reread struct {
	inputs *Inputs
	faults []FileFault
}

// watchers starts who polls the files that are read. Their disk may hang too; after a reload the new ones wait for the old.
func (n *Network) watchers(ctx context.Context, rereads chan<- reread, rewrites chan<- rewritten) (all []<-chan struct{}) {
	c, inputs, includes, told := n.config, n.inputs, n.mem.includes, n.told
	hangs := func(err error) Event { return Warning{err.Error()} }
	all = append(all, n.aside(ctx, lane{c.Name, "inputs", ""}, hangs, func(*watchdog) { watch(ctx, c, inputs, rereads) }))
	if c.Includes != "" {
		all = append(all, n.aside(ctx, lane{c.Name, "includes", c.Includes}, hangs, func(*watchdog) { watchIncludes(ctx, c, includes, told, rewrites) }))
	}
	return all
}

// watch polls the files of the configuration and sends what it read of them. It has a goroutine of its own since a file
// on a disk that hangs must not delay a decision.
func watch(ctx context.Context, c *config.Network, current *Inputs, out chan<- reread) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	read := current.seen
	last := read
	told := texts(current.Faults)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, moved, still := map[string]signature{}, false, true
		for file := range read {
			now[file] = look(file)
			moved = moved || !now[file].same(read[file])
			still = still && now[file].same(last[file])
		}
		last = now
		if !moved || !still {
			continue
		}
		before := read
		in, faults := readInputs(c, func() *Inputs { return current })
		read = now
		if in != nil {
			faults = append(faults, in.Faults...)
			// What the files looked like while they were read counts: a write in between shows as a move next time.
			read, current = in.seen, in
		}
		// All files are read when one has moved. A fault of another that has not is no news.
		news := slices.DeleteFunc(slices.Clone(faults), func(f FileFault) bool {
			return told[f.File] == f.Err.Error() && now[f.File].same(before[f.File])
		})
		told = texts(faults)
		select {
		case <-ctx.Done():
			return
		case out <- reread{in, news}:
		}
	}
}

// texts is what each file's fault says.
func texts(faults []FileFault) map[string]string {
	said := map[string]string{}
	for _, f := range faults {
		said[f.File] = f.Err.Error()
	}
	return said
}
