// Package control lets operators see and change running networks: JSON over HTTP on a unix socket, the client of it, and
// the conversion of what networks show of themselves into the types on the wire.
//
// The types and error codes of wire.go are a contract with scripts: within /v1 fields are added, never changed or removed.
// docs/control.md is the same contract for people.
//
// It promises that only the socket changes anything, and only by POST: ReadOnly, which the status page on TCP is made of, is
// built without the handlers of changes. The author of a change is who the kernel says is at the other end of the socket.
// Sizes, times and the number of connections are bounded, and so is that of large answers at a time. Nothing waits for a
// client while it holds anything of a network: an answer is copied, then encoded, then written, so one that never reads it
// keeps but its own connection and, for a few seconds, the answer.
//
// It takes no decision, and logs nothing.
package control
