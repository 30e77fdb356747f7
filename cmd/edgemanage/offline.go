package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/once"
	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/control"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// A site whose rounds are run by cron has no server to ask. With -c a command finds in the state what the last round left, and
// puts there what the next one is to obey; all else about the command is as it is with a server.

// offlineHelp is what the help of a command that changes something says of -c.
const offlineHelp = `
Where "edgemanage once" is run by cron and there is no server, -c names its
configuration as there. The change is taken down in the state, for which a run
of once is waited for 10 seconds, and the next run obeys it: it writes the zone
files then, and what is shown is what it comes to if the edges answer as they
did last. While a server has the state, exit status 2 names its socket; what
cannot be saved is not applied, which is exit status 1.
`

// lockPatience is how long a run of once is waited for: it has the state for as long as it probes and its commands run.
const lockPatience = 10 * time.Second

// offline is where a command finds a network that no server runs.
type offline struct {
	file   string // the configuration; "" is to ask a server
	more   config.Alone
	change bool // something is to be saved
	errs   io.Writer
	opened *network.Offline
}

// orFile has a command work without a server too. It is to be called when cmd is complete; flag is the name of that for the
// directory of the state, and short the letter of --config, "" for none.
func (s *server) orFile(cmd *cobra.Command, short, flag string) {
	f := cmd.Flags()
	f.StringVarP(&s.file, "config", short, "", "without a server: an edgemanage.yaml or a Corefile, a `file` as for once")
	f.StringVar(&s.more.State, flag, "", "`directory` of the state, with an edgemanage.yaml")
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case s.file == "" && s.more.State != "":
			return badInput(fmt.Errorf("reading --%s: it goes with --config, which is not given", flag))
		case s.file != "" && s.socket != "":
			return badInput(errors.New("reading --config: it is for want of a server, and --control names one"))
		}
		s.errs = cmd.ErrOrStderr()
		defer s.close()
		return run(cmd, args)
	}
}

// open opens the network, once for all requests of a command.
func (s *server) open(ctx context.Context) (control.Source, error) {
	if s.opened == nil {
		site, err := once.Read(s.file, s.network, s.more)
		if err != nil {
			return nil, err
		}
		inputs, err := network.ReadInputs(site.Network)
		if err == nil {
			err = permitted(site.Network, s.change)
		}
		if err != nil {
			return nil, err
		}
		o := network.Options{Observer: &complaints{to: s.errs, all: s.change}, Zones: site.Zones, Claimed: site.Claimed}
		err = insist(ctx, lockPatience, func() error {
			s.opened, err = network.OpenOffline(site.Network, inputs, o, s.change)
			return served(ctx, site.Network, err)
		})
		if errors.Is(err, state.ErrLocked) {
			err = fmt.Errorf("%w; while it is a run of once, try again; a server is asked by --control SOCKET, without --config", err)
		}
		if err != nil {
			return nil, err
		}
	}
	return alone{s.opened.Network}, nil
}

// close gives the state up. Its error says what could not be written.
func (s *server) close() error {
	if s.opened == nil {
		return nil
	}
	err := s.opened.Close()
	s.opened = nil
	return err
}

// settle is for a change that was made: it is on the disk when this returns, or a is not what happened.
func (s *server) settle(a control.Applied) (control.Applied, error) {
	if s.opened == nil || a.Preview {
		return a, nil
	}
	err := s.close()
	switch {
	case err == nil:
		a.Saved, a.Why = true, ""
	case !a.Saved:
		return a, fmt.Errorf("NOT APPLIED: it could not be saved: %w", err)
	default:
		return a, fmt.Errorf("it is saved, but not all that goes with it: %w", err)
	}
	return a, nil
}

// insist tries until somebody else does not have the state any more, for as long as patience lasts.
func insist(ctx context.Context, patience time.Duration, try func() error) error {
	enough := time.NewTimer(patience)
	defer enough.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := try()
		if !errors.Is(err, state.ErrLocked) {
			return err
		}
		select {
		case <-again.C:
		case <-enough.C:
			return fmt.Errorf("%w, after %s of waiting", err, patience)
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", err, context.Cause(ctx))
		}
	}
}

// errServed is why a server is not waited for.
var errServed = errors.New("a server has it")

// served makes of the error of a state that somebody has one that names the server's socket, if there is one that answers.
func served(ctx context.Context, c *config.Network, err error) error {
	if !errors.Is(err, state.ErrLocked) {
		return err
	}
	socket := c.Control
	if socket == "" {
		socket = filepath.Join(c.State, filepath.Base(defaultSocket))
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if _, asked := control.NewClient(socket).Networks(ctx, c.Name); asked != nil {
		return err
	}
	return fmt.Errorf("opening the state of network %s: %w: ask it, by --control %s, without --config", c.Name, errServed, socket)
}

// permitted finds out whether this user may look at a state, and whether what they wrote could be read by the next round: files
// of another user are lost on it, and with them the modes.
func permitted(c *config.Network, change bool) error {
	dir := filepath.Join(c.State, c.Name)
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was ever said
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(filepath.Join(dir, "state.json"))
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("reading the state of network %s: %w", c.Name, err)
	case err == nil:
		f.Close()
	}
	if owner, ok := ownerOf(info); change && ok && owner != os.Geteuid() {
		return fmt.Errorf("changing the state of network %s: %q is that of user %d, who runs once: be that user, as by sudo -u '#%d'", c.Name, dir, owner, owner)
	}
	return nil
}

func ownerOf(info fs.FileInfo) (uid int, ok bool) {
	if info == nil {
		return 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(stat.Uid), true
}

// alone is a source of one network.
type alone struct{ *network.Network }

// Networks implements control.Source.
func (a alone) Networks() []*network.Network { return []*network.Network{a.Network} }

// Version implements control.Source.
func (a alone) Version() string { return version }

// complaints passes on what an operator should mend. Warnings that the next round gives as well are left to it, unless all are
// asked for: an import gives them once.
type complaints struct {
	mu  sync.Mutex
	to  io.Writer
	all bool
}

// Observe implements network.Observer.
func (c *complaints) Observe(name string, e network.Event) {
	text := ""
	switch e := e.(type) {
	case network.Fault:
		text = e.Text
	case network.ReloadFailed:
		text = e.Err.Error()
	case network.Warning:
		if c.all {
			text = "warning: " + e.Text
		}
	}
	if text == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.to, "%s: %s\n", name, console.Safe(text))
}
