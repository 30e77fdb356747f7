// Package state keeps what one network must remember across restarts in a directory that a person can read.
//
// A Store owns the directory <state>/NETWORK/ and holds an flock on its file "lock" while it may write. All writing is
// done by one goroutine of the Store: no method but Close and Changes ever waits for the disk. What cannot be written is
// kept and tried again until it can; a full, read-only or missing disk is an error to count and report, never a reason to
// stop. Every file is reached through an os.Root of the directory, so no name leads out of it. The package knows modes,
// grades and rungs only as strings and takes no decision.
//
// # state.json
//
// The document: modes, live sets, serials, addresses. One JSON object
//
//	{"format": 1, "sha256": "…", "state": {…}}
//
// where sha256 is the hex SHA-256 of the bytes of the value of "state" as they stand in the file. Each edge, mode and zone
// has a line of its own. An edge that last passed at the very addresses that an edge list pins it to is not repeated in
// "addresses"; "unserved" names those of the lists that are not there because they never passed. (A version that does not
// know "unserved" has such edges pass a probe before it prefers them.) The file is replaced whole:
// written to state.json.tmp and synced, then state.json becomes state.json.1 and the new file state.json, then the
// directory is synced. A crash at any point leaves at least one sound generation, and never loses an acknowledged one. A
// document with another mode or freeze than the one before is written twice: with either generation damaged, what operators
// said is still there.
// A generation that fails its checksum is set aside as state.json.bad-DATE; a sound state.json that turns up after the
// Store started without it (a disk mounted late) as state.json.unread-DATE. A greater format number is refused.
//
// # rounds.log
//
// The samples, in order of arrival: rounds.log.1, then rounds.log. One record a line,
//
//	LENGTH CRC PAYLOAD\n
//
// LENGTH being the bytes of PAYLOAD in decimal and CRC its CRC-32C as eight hex digits. The payload is a Unix time in
// milliseconds, then tokens separated by single spaces:
//
//	+ID=EDGE/4     from here on ID (a small number) is the edge's IPv4 (or /6) history
//	@MS            the samples from here on are MS milliseconds after (or, negative, before) the ones so far
//	ID:US          a success that took US microseconds
//	ID!OUTCOME:US  a failure: its name, and how long it took to fail
//
// Names of other than letters, digits and ".", "_", "-", ":" are quoted as Go strings with spaces as \x20. Definitions
// hold until the end of the file or the next of the same ID. A token that means nothing to this version is passed over.
// An empty file is a sound journal.
//
// A journal is read up to its first bad record. What follows it is moved to a file named after the journal with .bad-DATE
// added, but for an unfinished last line: that is how a killed process leaves its journal, and is dropped. Times keep
// their milliseconds, durations their microseconds.
//
// # changes.jsonl
//
// One JSON object a line (see Change), the newest last; changes.jsonl.1 holds the thousand before. Lines that cannot be
// read are passed over.
//
// # includes
//
// The last good include of each zone, in a file named after the zone with what a path may not hold %-escaped.
package state
