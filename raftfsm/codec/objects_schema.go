package codec

import "seqd/engine"

// Objects of a database that are no relations.

func appendSchema(b []byte, o *engine.Schema) []byte {
	b = appendUint(b, 2, uint64(o.OID))
	b = appendString(b, 3, o.Name)
	b = appendUint(b, 4, uint64(o.Owner))
	b = appendUint(b, 5, o.Version)
	return appendACL(b, 6, o.ACL)
}

func decodeSchema(b []byte, o *engine.Schema) error {
	return eachField(b, func(x field) error { return readSchema(x, o) })
}

// readSchema reads a field. Number 1 was the database once, in snapshots.
func readSchema(x field, o *engine.Schema) error {
	switch x.number {
	case 2:
		return into(x, &o.OID)
	case 3:
		return x.string(&o.Name)
	case 4:
		return into(x, &o.Owner)
	case 5:
		return x.uint(&o.Version)
	case 6:
		return readACL(x, &o.ACL)
	}
	return errUnknownField
}

func appendDefaultACL(b []byte, o *engine.DefaultACL) []byte {
	b = appendUint(b, 1, uint64(o.OID))
	b = appendUint(b, 2, uint64(o.Role))
	b = appendUint(b, 3, uint64(o.Schema))
	b = appendUint(b, 4, uint64(o.Kind))
	b = appendACL(b, 5, o.ACL)
	return appendUint(b, 6, o.Version)
}

func decodeDefaultACL(b []byte, o *engine.DefaultACL) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &o.OID)
		case 2:
			return into(x, &o.Role)
		case 3:
			return into(x, &o.Schema)
		case 4:
			return into(x, &o.Kind)
		case 5:
			return readACL(x, &o.ACL)
		case 6:
			return x.uint(&o.Version)
		}
		return errUnknownField
	})
}

func appendComment(b []byte, o *engine.Comment) []byte {
	b = appendUint(b, 1, uint64(o.Class))
	b = appendUint(b, 2, uint64(o.OID))
	b = appendSint(b, 3, int64(o.Column))
	b = appendString(b, 4, o.Text)
	return appendUint(b, 5, o.Version)
}

func decodeComment(b []byte, o *engine.Comment) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &o.Class)
		case 2:
			return into(x, &o.OID)
		case 3:
			return intoSigned(x, &o.Column)
		case 4:
			return x.string(&o.Text)
		case 5:
			return x.uint(&o.Version)
		}
		return errUnknownField
	})
}

func appendLabel(b []byte, o *engine.SecurityLabel) []byte {
	b = appendUint(b, 1, uint64(o.Class))
	b = appendUint(b, 2, uint64(o.OID))
	b = appendSint(b, 3, int64(o.Column))
	b = appendString(b, 4, o.Provider)
	b = appendString(b, 5, o.Label)
	return appendUint(b, 6, o.Version)
}

func decodeLabel(b []byte, o *engine.SecurityLabel) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &o.Class)
		case 2:
			return into(x, &o.OID)
		case 3:
			return intoSigned(x, &o.Column)
		case 4:
			return x.string(&o.Provider)
		case 5:
			return x.string(&o.Label)
		case 6:
			return x.uint(&o.Version)
		}
		return errUnknownField
	})
}
