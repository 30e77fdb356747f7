package demo

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
)

// lockedWriter lets the narrator and the server's log share a terminal, a line at a time.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// Write implements io.Writer.
func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// scan calls fn for each line of in until it returns false.
func scan(in io.Reader, fn func(line string) bool) {
	for s := bufio.NewScanner(in); s.Scan(); {
		if !fn(s.Text()) {
			return
		}
	}
}

// lastLines is how much of the server's log is told when it dies.
const lastLines = 8

// serverLog is where the server's output goes: a file, and what is an error to the terminal too.
type serverLog struct {
	file *os.File
	out  io.Writer

	mu   sync.Mutex // guards what follows
	line []byte     // what has been written of a line that is not at its end
	last []string   // the last lines
}

func newServerLog(path string, out io.Writer) (*serverLog, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the server's log: %w", err)
	}
	return &serverLog{file: f, out: out}, nil
}

// Write implements io.Writer.
func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = append(l.line, p...)
	for {
		i := bytes.IndexByte(l.line, '\n')
		if i < 0 {
			break
		}
		l.heard(string(l.line[:i]))
		l.line = l.line[i+1:]
	}
	return l.file.Write(p)
}

// heard takes up one line.
func (l *serverLog) heard(line string) {
	l.last = append(l.last, line)
	if len(l.last) > lastLines {
		l.last = slices.Delete(l.last, 0, 1)
	}
	for _, word := range []string{"[ERROR]", "[FATAL]", "panic:"} {
		if strings.Contains(line, word) {
			fmt.Fprintf(l.out, "server: %s\n", line)
			return
		}
	}
}

func (l *serverLog) lastWords() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(append(slices.Clone(l.last), string(l.line)), "\n")
}

func (l *serverLog) close() error {
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("closing the server's log: %w", err)
	}
	return nil
}
