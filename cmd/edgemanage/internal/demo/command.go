package demo

import (
	"fmt"
	"strings"
	"time"
)

// keys explains what can be typed.
const keys = `Here, a letter and the numbers of edges, then Enter:
  x1  stop edge1: connections are refused     s1   make it slow
  h1  let it hang                             b1   break it: the wrong body
  o1  mend it                                 x123 several at once
  Enter alone shows everything, q or Ctrl-C ends the demo.
`

// command is one line typed or one step of a script. The zero command shows everything.
type command struct {
	quit      bool
	behaviour Behaviour
	edges     []int // indices, none twice
}

// parseCommand reads a line such as "x3" or "s 1 2".
func parseCommand(line string) (command, error) {
	text := strings.ToLower(strings.TrimSpace(line))
	switch text {
	case "":
		return command{}, nil
	case "q", "quit", "exit":
		return command{quit: true}, nil
	}
	b, ok := letters[text[0]]
	if !ok {
		return command{}, fmt.Errorf("reading %q: %q is no command", line, text[:1])
	}
	c := command{behaviour: b}
	var seen [edgeCount]bool
	for _, r := range text[1:] {
		switch i := int(r - '1'); {
		case r == ' ' || r == ',':
		case i < 0 || i >= edgeCount:
			return command{}, fmt.Errorf("reading %q: there is no edge %q: expected 1 to %d", line, r, edgeCount)
		case !seen[i]:
			seen[i] = true
			c.edges = append(c.edges, i)
		}
	}
	if len(c.edges) == 0 {
		return command{}, fmt.Errorf("reading %q: expected the number of an edge after %q, as in %c1", line, text[:1], text[0])
	}
	return c, nil
}

// Script is what happens when, in the order of time.
type Script []step

type step struct {
	after time.Duration
	command
}

// ParseScript reads steps separated by semicolons, each a time since the server's first answer and a command of the
// keyboard: "5s x1; 20s o1; 30s q". No step may come before the one it follows.
func ParseScript(text string) (Script, error) {
	var s Script
	for part := range strings.SplitSeq(text, ";") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		when, what, _ := strings.Cut(part, " ")
		after, err := time.ParseDuration(when)
		if err != nil || after < 0 {
			return nil, fmt.Errorf("reading step %q: %q is no time to wait: expected one as in \"5s x1\"", part, when)
		}
		if len(s) > 0 && after < s[len(s)-1].after {
			return nil, fmt.Errorf("reading step %q: it comes before the step it follows", part)
		}
		c, err := parseCommand(what)
		if err != nil {
			return nil, fmt.Errorf("reading step %q: %w", part, err)
		}
		s = append(s, step{after, c})
	}
	return s, nil
}

// player performs a script: its commands arrive at next when their time has come.
type player struct {
	script Script
	next   chan command
	quit   chan struct{}
	ended  chan struct{} // nil before start
}

func (s Script) player() *player {
	return &player{script: s, next: make(chan command), quit: make(chan struct{})}
}

// start begins to count, once.
func (p *player) start() {
	if p.ended != nil {
		return
	}
	p.ended = make(chan struct{})
	go p.play()
}

func (p *player) play() {
	defer close(p.ended)
	began := time.Now()
	for _, s := range p.script {
		timer := time.NewTimer(time.Until(began.Add(s.after)))
		select {
		case <-timer.C:
		case <-p.quit:
			timer.Stop()
			return
		}
		select {
		case p.next <- s.command:
		case <-p.quit:
			return
		}
	}
}

// stop ends the performance and waits for its goroutine.
func (p *player) stop() {
	close(p.quit)
	if p.ended != nil {
		<-p.ended
	}
}
