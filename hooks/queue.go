package hooks

import (
	"maps"
	"slices"
)

// waits is how many events wait for one command or one webhook at most.
const waits = 100

// queue is what waits, the oldest first.
type queue []entry

// entry is a message for a command, or for the one webhook of the queue.
type entry struct {
	command command
	message message
}

// push adds an entry. Of an event that only says that time has passed, the newest alone waits for a command: it takes the
// place of the one before. Every change is told of, in order; of more than waits for one command the oldest is dropped.
func (q *queue) push(e entry) (dropped *message) {
	waiting, oldest := 0, 0
	for i := len(*q) - 1; i >= 0; i-- {
		if old := &(*q)[i]; old.command.key == e.command.key {
			if e.message.kind.timed() {
				old.message = e.message
				return nil
			}
			waiting++
			oldest = i
		}
	}
	if waiting >= waits {
		m := (*q)[oldest].message
		dropped = &m
		*q = slices.Delete(*q, oldest, oldest+1)
	}
	*q = append(*q, e)
	return dropped
}

// pop takes the oldest entry.
func (q *queue) pop() (e entry, ok bool) {
	if len(*q) == 0 {
		return entry{}, false
	}
	e = (*q)[0]
	*q = slices.Delete(*q, 0, 1)
	return e, true
}

// timed says whether events of the kind tell only that time has passed.
func (k Kind) timed() bool { return k == Round || k == Before }

// first returns the entries of a list that are told, which is not nil, and how many more there are.
func first[T any](list []T, more int) ([]T, int) {
	if len(list) <= most {
		return list, more
	}
	return list[:most], more + len(list) - most
}

// firstZones is first for zones, by name.
func firstZones(zones map[string]uint32, more int) (map[string]uint32, int) {
	told := map[string]uint32{}
	for i, zone := range slices.Sorted(maps.Keys(zones)) {
		if i == most {
			return told, more + len(zones) - most
		}
		told[zone] = zones[zone]
	}
	return told, more
}

// filled is a list that JSON shows as [] when it is empty, never as null.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
