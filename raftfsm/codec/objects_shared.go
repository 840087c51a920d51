package codec

import "seqd/engine"

// Objects that belong to no database.

func appendRole(b []byte, o *engine.Role) []byte {
	b = appendUint(b, 1, uint64(o.OID))
	b = appendString(b, 2, o.Name)
	b = appendBool(b, 3, o.Superuser)
	b = appendBool(b, 4, o.CanLogin)
	b = appendUint(b, 5, o.Version)
	b = appendBool(b, 6, o.Inherit)
	b = appendBool(b, 7, o.CreateRole)
	b = appendBool(b, 8, o.CreateDB)
	b = appendBool(b, 9, o.Replication)
	b = appendBool(b, 10, o.BypassRLS)
	b = appendSint(b, 11, int64(o.ConnectionLimit))
	b = appendString(b, 12, o.Password)
	b = appendBool(b, 13, o.ValidUntil.Set)
	return appendSint(b, 14, o.ValidUntil.Micros)
}

func decodeRole(b []byte, o *engine.Role) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &o.OID)
		case 2:
			return x.string(&o.Name)
		case 3:
			return x.bool(&o.Superuser)
		case 4:
			return x.bool(&o.CanLogin)
		case 5:
			return x.uint(&o.Version)
		case 6:
			return x.bool(&o.Inherit)
		case 7:
			return x.bool(&o.CreateRole)
		case 8:
			return x.bool(&o.CreateDB)
		case 9:
			return x.bool(&o.Replication)
		case 10:
			return x.bool(&o.BypassRLS)
		case 11:
			return intoSigned(x, &o.ConnectionLimit)
		case 12:
			return x.string(&o.Password)
		case 13:
			return x.bool(&o.ValidUntil.Set)
		case 14:
			return x.sint(&o.ValidUntil.Micros)
		}
		return errUnknownField
	})
}

func appendMembership(b []byte, o *engine.Membership) []byte {
	b = appendUint(b, 1, uint64(o.Role))
	b = appendUint(b, 2, uint64(o.Member))
	b = appendUint(b, 3, uint64(o.Grantor))
	b = appendBool(b, 4, o.Admin)
	return appendUint(b, 5, o.Version)
}

func decodeMembership(b []byte, o *engine.Membership) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &o.Role)
		case 2:
			return into(x, &o.Member)
		case 3:
			return into(x, &o.Grantor)
		case 4:
			return x.bool(&o.Admin)
		case 5:
			return x.uint(&o.Version)
		}
		return errUnknownField
	})
}

func appendSetting(b []byte, o *engine.Setting) []byte {
	b = appendUint(b, 1, uint64(o.Database))
	b = appendUint(b, 2, uint64(o.Role))
	b = appendAll(b, 3, o.Config, appendParameter)
	return appendUint(b, 4, o.Version)
}

func decodeSetting(b []byte, o *engine.Setting) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &o.Database)
		case 2:
			return into(x, &o.Role)
		case 3:
			return another(x, &o.Config, decodeParameter)
		case 4:
			return x.uint(&o.Version)
		}
		return errUnknownField
	})
}

func appendParameter(b []byte, o *engine.Parameter) []byte {
	b = appendString(b, 1, o.Name)
	return appendString(b, 2, o.Value)
}

func decodeParameter(b []byte, o *engine.Parameter) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return x.string(&o.Name)
		case 2:
			return x.string(&o.Value)
		}
		return errUnknownField
	})
}

func appendDatabase(b []byte, o *engine.DatabaseInfo) []byte {
	b = appendUint(b, 1, uint64(o.OID))
	b = appendString(b, 2, o.Name)
	b = appendUint(b, 3, uint64(o.Owner))
	b = appendACL(b, 4, o.ACL)
	b = appendBool(b, 5, o.AllowConnections)
	b = appendSint(b, 6, int64(o.ConnectionLimit))
	b = appendBool(b, 7, o.IsTemplate)
	return appendUint(b, 8, o.Version)
}

func decodeDatabase(b []byte, o *engine.DatabaseInfo) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &o.OID)
		case 2:
			return x.string(&o.Name)
		case 3:
			return into(x, &o.Owner)
		case 4:
			return readACL(x, &o.ACL)
		case 5:
			return x.bool(&o.AllowConnections)
		case 6:
			return intoSigned(x, &o.ConnectionLimit)
		case 7:
			return x.bool(&o.IsTemplate)
		case 8:
			return x.uint(&o.Version)
		}
		return errUnknownField
	})
}
