package figures

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// field is the value of a line "name: value" of a file, or all of its text.
func field(path, name string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(b)) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return strings.TrimSpace(string(b))
}

// Hardware is a line about the machine that this runs on, as far as Linux tells.
func Hardware() string {
	return fmt.Sprintf("%d × %s, %s memory, Linux %s, %s", runtime.NumCPU(), field("/proc/cpuinfo", "model name"),
		field("/proc/meminfo", "MemTotal"), field("/proc/sys/kernel/osrelease", ""), runtime.Version())
}

// Machine is a line about the machine and what else it does now.
func Machine() string {
	return fmt.Sprintf("%s, %s; load averages at the end %s\n", time.Now().UTC().Format("2006-01-02 15:04 UTC"), Hardware(), load())
}

// load is the load average of the last minute.
func load() string { return strings.Fields(field("/proc/loadavg", "") + " unknown")[0] }

// span is when the first of some rows was begun, and the last one came.
func span(rows []Row) (from, to time.Time) {
	from = slices.MinFunc(rows, func(a, b Row) int { return a.Begun.Compare(b.Begun) }).Begun
	return from, slices.MaxFunc(rows, func(a, b Row) int { return a.At.Compare(b.At) }).At
}

// measured says when rows were measured, and how busy the machine was then.
func measured(rows []Row) string {
	from, to := span(rows)
	var loads []float64
	for _, r := range rows {
		if v, err := strconv.ParseFloat(r.Load, 64); err == nil {
			loads = append(loads, v)
		}
	}
	text := from.Format("2006-01-02 15:04") + " to " + to.Format("15:04 UTC")
	if len(loads) > 0 {
		text += fmt.Sprintf(", load average %.1f to %.1f", slices.Min(loads), slices.Max(loads))
	}
	return text
}
