// Package network runs one network of edges: it schedules the probes, keeps the histories, takes the decisions and
// publishes their result.
//
// A Network owns everything that changes about it, and one goroutine of it does every change: samples, resolutions,
// modes, edge lists and timers arrive there as messages. Readers get immutable values through atomic pointers, a
// Snapshot for answering queries and a Status for showing the network, so that no query ever waits for a lock, a disk, a
// probe or the resolver.
//
// The package decides nothing itself about which edge is live (package selector does) nor what a probe counts as
// (package prober). It promises that a set is in the state directory before it is published, if the disk takes no longer
// than saveWait; that a mode that takes an edge out is obeyed from the moment SetMode returns; that of a network that an
// operator has frozen no answer changes by itself, unless it would become empty; and that Stop leaves no goroutine behind.
//
// It does not log: what an operator should hear of is told to the Observer.
package network
