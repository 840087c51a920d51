// Package wire is one connection's framing: bytes to the messages of PostgreSQL's
// frontend/backend protocol 3.0 to 3.2, and messages to bytes. It knows start-up
// packets, limits, deadlines and flushing; it knows no SQL.
//
// Message types are pgproto3's. The framing is our own for three reasons: errors
// must be PostgreSQL's own (pgproto3 tells neither "invalid string in message"
// from "insufficient data left in message" nor a broken frame from a broken body);
// memory must grow with what has arrived, never with what a header announces; and
// the messages that carry the load (Query, Parse, Bind, Describe, Execute) are
// decoded without allocating. The rare ones go through pgproto3.Backend.
//
// What PostgreSQL does with a broken message decides what Receive returns:
//
//   - The frame is lost (unknown type, impossible length): an error of severity
//     FATAL; nothing more can be read.
//   - The frame is whole and its body is not: a *Malformed, severity ERROR. The
//     next Receive returns the next message.
package wire
