package engine

import "encoding/binary"

// Comment is a row of pg_description, or of pg_shdescription if it is about
// something shared. It goes when what it is about goes.
type Comment struct {
	Class   Class // what it is about: ClassRelation, ClassSchema, …, or any of PostgreSQL's catalogs
	OID     OID
	Column  int32 // number of a column; 0: all of it
	Text    string
	Version uint64
}

// SecurityLabel is a row of pg_seclabel or pg_shseclabel.
type SecurityLabel struct {
	Class    Class
	OID      OID
	Column   int32
	Provider string
	Label    string
	Version  uint64
}

// CommentKey is the key of the comment about something.
func CommentKey(class Class, oid OID, column int32) Key {
	k := Key{Class: ClassComment, OID: oid, Second: OID(class), Sub: column}
	if class.Shared() {
		k.Class = ClassSharedComment
	}
	return k
}

// Key implements Object.
func (c *Comment) Key() Key { return CommentKey(c.Class, c.OID, c.Column) }

// Key implements Object.
func (l *SecurityLabel) Key() Key {
	k := Key{Class: ClassSecurityLabel, OID: l.OID, Second: OID(l.Class), Sub: l.Column, Provider: l.Provider}
	if l.Class.Shared() {
		k.Class = ClassSharedSecurityLabel
	}
	return k
}

func (c *Comment) version() uint64       { return c.Version }
func (l *SecurityLabel) version() uint64 { return l.Version }
func (c *Comment) size() int             { return len(c.Text) }
func (l *SecurityLabel) size() int       { return len(l.Provider) + len(l.Label) }

func (c *Comment) at(version uint64) Object {
	next := *c
	next.Version = version
	return &next
}

func (l *SecurityLabel) at(version uint64) Object {
	next := *l
	next.Version = version
	return &next
}

// notes are comments and security labels, in the order of what they are about.
type notes struct{ table[string, Object] }

func (n *notes) fork() notes { return notes{n.table.fork()} }

// noteKey begins with class and OID, so that all that is about one object stands
// together, and tells labels, which have a provider, from the comment.
func noteKey(k Key) string {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 12+len(k.Provider)), uint32(k.Second))
	b = binary.BigEndian.AppendUint32(b, uint32(k.OID))
	b = binary.BigEndian.AppendUint32(b, uint32(k.Sub))
	return string(append(b, k.Provider...))
}

// about yields what is about one object or, with column > 0, about that column.
func (n *notes) about(class Class, oid OID, column int32, yield func(Object) bool) {
	n.from(noteKey(Key{Second: OID(class), OID: oid, Sub: column}), func(_ string, o Object) bool {
		k := o.Key()
		if k.Second != OID(class) || k.OID != oid || (column > 0 && k.Sub != column) {
			return false
		}
		return yield(o)
	})
}

// forget removes all that is about an object or column.
func (n *notes) forget(class Class, oid OID, column int32) {
	var gone []string
	n.about(class, oid, column, func(o Object) bool {
		gone = append(gone, noteKey(o.Key()))
		return true
	})
	for _, k := range gone {
		n.delete(k)
	}
}

func (n *notes) comment(class Class, oid OID, column int32) (string, bool) {
	o, ok := n.get(noteKey(Key{Second: OID(class), OID: oid, Sub: column}))
	if !ok {
		return "", false
	}
	return o.(*Comment).Text, true
}

func (n *notes) comments(yield func(*Comment) bool) {
	n.all(func(_ string, o Object) bool {
		c, ok := o.(*Comment)
		return !ok || yield(c)
	})
}

func (n *notes) labels(yield func(*SecurityLabel) bool) {
	n.all(func(_ string, o Object) bool {
		l, ok := o.(*SecurityLabel)
		return !ok || yield(l)
	})
}

// CommentsAbout yields the comments about one object and its columns.
func (d *Database) CommentsAbout(class Class, oid OID, yield func(*Comment) bool) {
	d.notes.about(class, oid, 0, func(o Object) bool {
		if c, ok := o.(*Comment); ok {
			return yield(c)
		}
		return true
	})
}
