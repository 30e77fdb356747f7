package figures

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// Machine is a line about the machine that this runs on and what else it does, as far as Linux tells.
func Machine() string {
	field := func(path, name string) string {
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
	return fmt.Sprintf("%s, %d × %s, %s memory, Linux %s, %s; load averages at the end %s\n",
		time.Now().UTC().Format("2006-01-02 15:04 UTC"), runtime.NumCPU(), field("/proc/cpuinfo", "model name"),
		field("/proc/meminfo", "MemTotal"), field("/proc/sys/kernel/osrelease", ""), runtime.Version(),
		strings.Join(strings.Fields(field("/proc/loadavg", ""))[:1], " "))
}
