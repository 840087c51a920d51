package wire

// The few messages that come by the million need not become structs: a session may
// look at their bytes and answer with bytes. What follows does that; everything else
// goes through Receive and Send.

// Await waits until the client has sent something that Receive has not returned. Its
// errors are Receive's.
func (c *Conn) Await() error {
	if c.oversize {
		c.forget()
	}
	if c.message != nil && c.in.buffered() == 0 {
		c.message = nil // it would keep a buffer that others use by now
		if c.messages != nil {
			clear(c.bind.Parameters)
			c.copyData.Data = nil
		}
	}
	return c.in.fill(1)
}

// Ahead is what has arrived and was not received: whole messages, and maybe the
// beginning of one. Valid until the next Receive or Await.
func (c *Conn) Ahead() []byte { return c.in.bytes() }

// Skip takes the first n bytes of Ahead as received. They must be whole messages.
func (c *Conn) Skip(n int) { c.in.discard(n) }

// Message is the last message that Receive returned, as it came. Valid as long.
func (c *Conn) Message() []byte { return c.message }

// Output is what waits for Flush, in a buffer that has room for so many bytes more, or the
// largest one; SetOutput takes it back with whole messages added.
func (c *Conn) Output(room int) []byte {
	b := c.out.room()
	if cap(b)-len(b) >= room || c.out.from == largeOutputs {
		return b
	}
	c.out.use(largeOutputs)
	return c.out.buf
}

// SetOutput is what waits for Flush from now on.
func (c *Conn) SetOutput(b []byte) {
	c.out.buf = b
	c.out.grown()
}
