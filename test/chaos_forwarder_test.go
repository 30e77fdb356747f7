//go:build e2e && chaos

package test

import (
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// weather is what a forwarder does to packets.
type weather struct {
	loss, back    float64 // part of the packets lost, towards the edges and from them
	delay, jitter time.Duration
}

// forwarder carries packets between interfaces of two namespaces, as a network that is not always good.
type forwarder struct {
	mu      sync.Mutex
	weather weather
	ends    [2]*os.File
	running sync.WaitGroup
}

// newForwarder makes an interface of a name in each of two namespaces, and carries packets between them.
func newForwarder(t testing.TB, name string, there, here *namespace) *forwarder {
	t.Helper()
	f := &forwarder{}
	for i, ns := range []*namespace{there, here} {
		f.ends[i] = ns.tunnel(name)
	}
	for i := range f.ends {
		f.running.Go(func() { f.carry(f.ends[i], f.ends[1-i], i == 1) })
	}
	t.Cleanup(func() {
		f.ends[0].Close()
		f.ends[1].Close()
		f.running.Wait()
	})
	return f
}

// tunnel makes an interface whose packets are read from, and written to, the file.
func (n *namespace) tunnel(name string) (file *os.File) {
	n.t.Helper()
	n.enter(func() {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err != nil {
			n.t.Fatalf("opening /dev/net/tun: %v", err)
		}
		request, err := unix.NewIfreq(name)
		if err == nil {
			request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
		}
		if err != nil {
			n.t.Fatalf("making interface %s: %v", name, err)
		}
		file = os.NewFile(uintptr(fd), name)
	})
	n.sh("ip link set " + name + " up")
	return file
}

func (f *forwarder) set(w weather) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.weather = w
}

// carry copies packets until its ends are closed. Late ones may overtake one another.
func (f *forwarder) carry(from, to *os.File, back bool) {
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		f.mu.Lock()
		w := f.weather
		f.mu.Unlock()
		loss, delay := w.loss, w.delay
		if back {
			loss = w.back
		}
		if rand.Float64() < loss {
			continue
		}
		if w.jitter > 0 {
			delay += rand.N(w.jitter)
		}
		if delay == 0 {
			_, _ = to.Write(buf[:n])
			continue
		}
		packet := append([]byte(nil), buf[:n]...)
		time.AfterFunc(delay, func() { _, _ = to.Write(packet) })
	}
}
