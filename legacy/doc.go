// Package legacy reads and writes the files in which the Python edgemanage (version 3.1.0) keeps its state: an edgestore for
// each edge, and one state file a network. What it writes is, byte for byte, what Python's json module writes, so that the
// tool and the scripts around it can go on from there.
//
// Reading is lenient about what is missing, as the tool is, and strict about sense: a file that is none of the tool's is an
// error, never an empty one, because an edge that was made unavailable must not come back with a file that cannot be read.
// The package takes no decision, logs nothing, and touches no file: it works on bytes.
package legacy

import "time"

// maxFile bounds a file, in bytes. A store of 2,000 samples has about 100 kB, and its history of rotations grows by 25 bytes
// a minute: ten years have 130 MB, but what matters is written before.
const maxFile = 256 << 20

// Time is what Python's time.time() gives: seconds since the epoch.
type Time float64

// TimeOf converts a time, to the microsecond: that is what the tool's clock gives.
func TimeOf(t time.Time) Time { return Time(float64(t.UnixMicro()) / 1e6) }

// Time is the same moment.
func (t Time) Time() time.Time { return time.UnixMicro(int64(float64(t) * 1e6)) }

// Sample is a value at a time, in seconds. A fetch that failed has the timeout.
type Sample struct {
	At      Time
	Seconds float64
}
