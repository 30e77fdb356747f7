// Package test proves the plugin end to end: the real server, built from cmd/coredns, against real web servers, name
// servers, resolvers and clients. Its tests have the build tag e2e; `make e2e` runs them.
//
// Everything runs on loopback, on ports that a test finds free, and in directories of its own. Nothing waits for a time:
// a test waits for a condition, with a deadline of about ten times what is promised, and logs what it measured. A program
// that is missing fails the test that needs it and says which Debian package has it.
package test
