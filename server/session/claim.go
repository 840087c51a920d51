package session

import (
	"seqd/engine"
	"seqd/protocol/sqlstate"
)

// claimName keeps other sessions from giving the name of a relation that is not
// there yet until the transaction ends, and waits for one that has claimed it. If
// that one commits, PostgreSQL's unique index refuses the name (C14).
func (s *Session) claimName(schema engine.OID, name string) error {
	if schema == s.temp.Schema() && schema != engine.InvalidOID {
		return nil // nobody else creates there
	}
	key := engine.LockKey{Class: engine.LockName, Database: s.database, Schema: schema, Name: name}
	if _, own := s.tx.claimed[key]; own {
		return nil
	}
	if _, err := s.lockKey(key, true, false); err != nil {
		return err
	}
	if s.tx.claimed == nil {
		s.tx.claimed = map[engine.LockKey]struct{}{}
	}
	s.tx.names, s.tx.claimed[key] = append(s.tx.names, key), struct{}{}
	if _, taken := s.db().Relation(schema, name); taken {
		const index = "pg_class_relname_nsp_index"
		err := sqlstate.Errorf(sqlstate.UniqueViolation, "duplicate key value violates unique constraint \"%s\"", index).
			WithDetail("Key (relname, relnamespace)=(%s, %d) already exists.", name, schema)
		err.Schema, err.Table, err.Constraint = "pg_catalog", "pg_class", index
		return err
	}
	return nil
}

// releaseNames gives back the names that the transaction has claimed, but the first n.
func (s *Session) releaseNames(n int) {
	for _, key := range s.tx.names[n:] {
		s.backend.UnlockKey(uint64(s.pid), key, true)
		delete(s.tx.claimed, key)
	}
	s.locks.gaveNames(n)
	s.tx.names = s.tx.names[:n]
}

// skipping is what IF NOT EXISTS says.
func skipping(name string) *sqlstate.Error {
	return sqlstate.Noticef(sqlstate.DuplicateTable, "relation \"%s\" already exists, skipping", name)
}
