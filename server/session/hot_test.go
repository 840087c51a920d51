package session

// A script of messages has no bytes: it is answered the general way.

func (c *script) Await() error     { return nil }
func (c *script) Ahead() []byte    { return nil }
func (c *script) Skip(int)         {}
func (c *script) Message() []byte  { return nil }
func (c *script) Output() []byte   { return nil }
func (c *script) SetOutput([]byte) {}
