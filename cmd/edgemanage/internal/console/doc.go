// Package console prints for people on a terminal, and for programs behind a pipe.
//
// Text that others wrote, such as comments, edge names and errors, goes through Safe before it is printed: it cannot move
// the cursor, change colours, start a line of its own or turn the direction of writing. A Table does that to its cells.
package console
