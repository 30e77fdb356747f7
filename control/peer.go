package control

import (
	"context"
	"os/user"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// lookupTime bounds the search for a user's name, which may ask a directory server that is under attack too.
const lookupTime = time.Second

// maxClaimed bounds what a request says of who asks, in bytes.
const maxClaimed = 64

type peerKey struct{}

// withPeer remembers who is at the other end of a connection.
func withPeer(ctx context.Context, uid uint32) context.Context {
	return context.WithValue(ctx, peerKey{}, uid)
}

// author returns the name of who asks, as the kernel has it: a user's name, or "uid 1234" for one without. It is empty
// where the kernel says nothing.
func author(ctx context.Context) string {
	uid, ok := ctx.Value(peerKey{}).(uint32)
	if !ok {
		return ""
	}
	id := strconv.FormatUint(uint64(uid), 10)
	found := make(chan string, 1)
	go func() {
		if u, err := user.LookupId(id); err == nil && u.Username != "" {
			found <- u.Username
			return
		}
		found <- "uid " + id
	}()
	timeout := time.NewTimer(lookupTime)
	defer timeout.Stop()
	select {
	case name := <-found:
		return name
	case <-timeout.C:
		return "uid " + id
	}
}

// claimed bounds what a request says of who asks. It is shortened rather than refused: it decorates a record, and must
// not keep anyone from taking an edge out.
func claimed(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	for len(s) > maxClaimed {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
