//go:build !linux

package control

import "net"

// peerUID knows nobody where there is no SO_PEERCRED: changes are without an author then.
func peerUID(net.Conn) (uid uint32, ok bool) { return 0, false }
