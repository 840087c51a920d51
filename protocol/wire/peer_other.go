//go:build !unix

package wire

// PeerGone can't be told here without reading: the end of the connection is
// noticed by the next Receive.
func (c *Conn) PeerGone() bool { return false }
