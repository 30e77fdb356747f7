package network

import "errors"

// The errors that a caller branches on; each is wrapped in one that says more.
var (
	// ErrNoMatch is for a name or a pattern that no edge has.
	ErrNoMatch = errors.New("no edge matches")
	// ErrNoCandidate is for a change that would leave a family without any edge that may be live.
	ErrNoCandidate = errors.New("no candidate would be left")
	// ErrNoComment is for a change that must say why, and does not.
	ErrNoComment = errors.New("a comment is required")
	// ErrInvalid is for any other input that cannot be used.
	ErrInvalid = errors.New("invalid")
)
