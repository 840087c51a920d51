package session

import (
	"seqd/engine"
	"seqd/engine/acl"
	"seqd/protocol/sqlstate"
)

// makeTemp is the session's temporary schema, made on first use.
func (s *Session) makeTemp() (engine.OID, error) {
	if s.temp.Schema() == engine.InvalidOID {
		if err := s.mayOnDatabase(acl.Temporary, "permission denied to create temporary tables in database \"%s\""); err != nil {
			return engine.InvalidOID, err
		}
	}
	s.tx.temporary = true
	if s.temp == nil {
		s.temp = engine.NewTemp(s.database, int(s.pid))
	}
	return s.temp.Make(s.changes()), nil
}

func (s *Session) isOwnTemp(schema string) bool { return s.temp != nil && s.temp.Name() == schema }

// newOID is a fresh OID: for a temporary object one that only the session knows.
func (s *Session) newOID(p engine.Persistence) (engine.OID, error) {
	if p == engine.Temporary {
		return s.temp.AllocateOID(), nil
	}
	oid, err := s.backend.AllocateOID(s.interrupt)
	if err != nil {
		return oid, s.explain(err)
	}
	return oid, nil
}

// refuseMove keeps objects from going in or out of temporary schemas (T2), and out of
// or into the schema for TOAST tables (CheckSetNamespace).
func (s *Session) refuseMove(from engine.OID, to *engine.Schema) error {
	temp := s.temp.Schema()
	switch {
	case temp != engine.InvalidOID && from != to.OID && (from == temp || to.OID == temp):
		return sqlstate.New(sqlstate.FeatureNotSupported, "cannot move objects into or out of temporary schemas")
	case from == engine.PgToastNamespace || to.OID == engine.PgToastNamespace:
		return sqlstate.New(sqlstate.FeatureNotSupported, "cannot move objects into or out of TOAST schema")
	}
	return nil
}

// discardTemp is DISCARD TEMP: it drops all temporary objects, and comes back with a
// rollback.
func (s *Session) discardTemp() error {
	if s.temp.Empty() && s.tx.overlay == nil {
		return nil
	}
	temp := s.temp.Schema()
	if temp == engine.InvalidOID {
		return nil
	}
	var gone []engine.Key
	s.db().RelationsIn(temp, func(r engine.Relation) bool {
		gone = append(gone, r.Key())
		return true
	})
	for _, k := range gone {
		if err := s.changes().Drop(k); err != nil {
			return err
		}
	}
	return nil
}

// dropOnCommit drops, at the end of a transaction, the tables that it made ON COMMIT
// DROP, and without a word what depends on them. A rollback to a savepoint may have
// taken some of them away.
func (s *Session) dropOnCommit() error {
	var roots []engine.Ref
	for _, oid := range s.tx.dropAtCommit {
		if _, ok := s.db().TableByOID(oid); ok {
			roots = append(roots, engine.TableRef(oid, 0))
		}
	}
	if len(roots) == 0 {
		return nil
	}
	plan, _ := s.db().DropPlan(roots) // tables are no parts of anything
	return s.changes().DropAll(plan)
}
