// Package codec turns commands into the bytes of log entries, and stores into the
// bytes of snapshots, and back. Both are versioned, both carry a checksum, equal
// values give equal bytes, and decoding any bytes at all ends in a value or an
// error.
//
// An entry is
//
//	format version   1 byte    the oldest that has all that the entry says, see FormatOf
//	type             1 byte    number of the command below; the high bit means "may be skipped"
//	body             protobuf  message Entry
//	checksum         4 bytes   CRC-32C of everything before, little endian
//
// The body is in protobuf's wire format, written by hand with protowire: a
// message decodes straight into the engine's own types, fields have one fixed
// order, and a field that this version does not know is an error instead of
// silently ignored, because a replica that ignores what others obey diverges.
// (Field numbers from 1000 on are the exception: they may be skipped.) Scalars
// that are zero are left out. Numbers are never used again for something else.
//
//	message Entry        { uint64 term = 1; Request request = 2; bytes command = 3; Lease lease = 4; }
//	message Request      { uint64 gateway = 1; uint64 counter = 2; uint64 ack_below = 3; }
//	message Lease        { bytes holder = 1; bytes boot = 2; uint64 millis = 3; uint64 asked = 4; }
//
//	message Reserve      { repeated ReserveItem items = 1; }            // type 1
//	message ReserveItem  { uint32 database = 1; uint32 sequence = 2; uint64 epoch = 3; uint64 count = 4; }
//	message Release      { repeated ReleaseItem items = 1; }            // type 2
//	message ReleaseItem  { uint32 database = 1; uint32 sequence = 2; uint64 epoch = 3; State state = 4; }
//	message SetVal       { uint32 database = 1; uint32 sequence = 2; State state = 3; }  // type 3
//	message Commit       { uint32 database = 1; repeated Write writes = 2; }             // type 4
//	message Write        { oneof { PutSequence put_sequence = 1; DropSequence drop_sequence = 2;
//	                       Put put = 3; Drop drop = 4 /* since format 2 */; } }
//	message PutSequence  { Sequence sequence = 1; uint64 expect = 2; State position = 3; uint64 expect_serial = 4; }
//	message DropSequence { uint32 oid = 1; uint64 expect = 2; }
//	                                                                    // type 5: the lease alone, no command
//	message PutMember    { bytes id = 1; bytes address = 2; uint64 version = 3; bool voter = 4; bool gone = 5; }  // type 6
//	message SkipAll      { uint64 steps = 1; }                          // type 7, since format 2
//	message Format       { uint64 format = 1; }                         // type 8, since format 2
//	message CreateDatabase { DatabaseInfo database = 1; uint32 template = 2; repeated ReleaseItem exact = 3; }  // type 9, since format 2
//	message DropDatabase { uint32 oid = 1; uint64 expect = 2; }         // type 10, since format 2
//
//	message Put          { Object object = 1; uint64 expect = 2; }
//	message Drop         { Key key = 1; uint64 expect = 2; }
//	message Key          { uint32 class = 1; uint32 oid = 2; uint32 second = 3; sint32 sub = 4; bytes provider = 5; }
//	message Object       { oneof { Role role = 1; Membership membership = 2; Setting setting = 3; DatabaseInfo database = 4;
//	                       Schema schema = 5; Sequence sequence = 6; Table table = 7; Index index = 8;
//	                       DefaultACL default_acl = 9; Comment comment = 10; SecurityLabel label = 11; } }
//
// The fields of these messages are those of the engine's types, with the numbers
// that their append functions give them.
//
//	message State        { sint64 last_value = 1; sint64 log_count = 2; bool is_called = 3; }
//	message Params       { uint32 type = 1; sint64 start = 2; sint64 increment = 3; sint64 min = 4;
//	                       sint64 max = 5; sint64 cache = 6; bool cycle = 7; }
//	message Sequence     { uint32 oid = 1; uint32 schema = 2; bytes name = 3; uint32 owner = 4;
//	                       uint32 persistence = 5; Params params = 6; uint64 version = 7;
//	                       uint32 order = 8; ACL acl = 9; OwnedBy owned_by = 10 /* since format 2 */; }
//
// Snapshots are described at WriteSnapshot.
package codec
