package session

import (
	"fmt"
	"slices"
	"strings"

	"seqd/engine"
	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// drop is DROP SEQUENCE, TABLE, INDEX and VIEW: all names are found before any is
// dropped (D4).
func (s *Session) drop(d *parser.DropStmt) (string, error) {
	tag := "DROP " + strings.ToUpper(string(d.Object))
	if err := s.writable(tag); err != nil {
		return "", err
	}
	if d.Object == parser.ObjectSchema {
		return tag, s.dropSchemas(d)
	}
	var roots []engine.Ref
	for _, name := range d.Names {
		found, err := s.findRelation(name, true)
		if err != nil {
			return "", err
		}
		if found == nil {
			if err := s.missing(d, name); err != nil {
				return "", err
			}
			continue
		}
		if kindName(found.Kind()) != string(d.Object) {
			return "", wrongType(found, d.Object)
		}
		if err := s.mayDropRelation(found); err != nil {
			return "", err
		}
		if seq, ok := found.(*engine.Sequence); ok {
			_, _, err := s.lock(name, seq, accessExclusive)
			if sqlstate.CodeOf(err) == sqlstate.UndefinedTable { // dropped while we waited
				if err = s.missing(d, name); err == nil {
					continue
				}
			}
			if err != nil {
				return "", err
			}
		}
		if r := engine.TableRef(found.Key().OID, 0); !slices.Contains(roots, r) {
			roots = append(roots, r)
		}
	}
	return tag, s.dropAll(roots, d.Behavior)
}

// dropSchemas is DROP SCHEMA.
func (s *Session) dropSchemas(d *parser.DropStmt) error {
	var roots []engine.Ref
	for _, name := range d.Names {
		schema, err := s.schemaToChange(name.Name)
		switch {
		case err != nil && d.IfExists && sqlstate.CodeOf(err) == sqlstate.InvalidSchemaName:
			s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "schema \"%s\" does not exist, skipping", name.Name))
			continue
		case err != nil:
			return err
		}
		if err := s.mustOwn(schema.Owner, "schema", schema.Name); err != nil {
			return err
		}
		switch {
		case schema.OID < engine.FirstNormalObjectID && schema.OID != engine.PublicNamespace && schema.OID != engine.InformationSchema:
			return sqlstate.Errorf(sqlstate.DependentObjectsStillExist, "cannot drop schema %s because it is required by the database system", schema.Name)
		}
		roots = append(roots, engine.Ref{Class: engine.ClassSchema, OID: schema.OID})
	}
	return s.dropAll(roots, d.Behavior)
}

// dropAll drops the roots and what goes with them, or refuses to (O5, D1).
func (s *Session) dropAll(roots []engine.Ref, behavior parser.DropBehavior) error {
	if len(roots) == 0 {
		return nil
	}
	plan, required := s.db().DropPlan(roots)
	if required != nil {
		owner := s.objectName(required.Owner)
		return sqlstate.Errorf(sqlstate.DependentObjectsStillExist, "cannot drop %s because %s requires it", s.objectName(required.Part), owner).
			WithHint("You can drop %s instead.", owner)
	}
	if err := s.reportDependents(roots, plan, behavior); err != nil {
		return err
	}
	for _, x := range plan {
		if seq, ok := s.db().SequenceByOID(x.OID); ok && x.Class == engine.ClassRelation {
			if _, _, err := s.lock(parser.RangeVar{Name: seq.Name}, seq, accessExclusive); err != nil {
				return err
			}
		}
	}
	return s.changes().DropAll(plan)
}

// maxReported is how many dependent objects a client is told of (MAX_REPORTED_DEPS).
const maxReported = 100

// reportDependents is PostgreSQL's reportDependentObjects.
func (s *Session) reportDependents(roots []engine.Ref, plan []engine.Dropped, behavior parser.DropBehavior) error {
	var lines []string
	n := 0
	for _, x := range plan {
		if x.Silent {
			continue
		}
		if n++; n > maxReported {
			continue
		}
		if behavior == parser.Cascade {
			lines = append(lines, "drop cascades to "+s.objectName(x.Ref))
		} else {
			lines = append(lines, s.objectName(x.Ref)+" depends on "+s.objectName(x.Because))
		}
	}
	if n > maxReported {
		lines = append(lines, fmt.Sprintf("and %d other objects (see server log for list)", n-maxReported))
	}
	detail := strings.Join(lines, "\n")
	switch {
	case n == 0:
		return nil
	case behavior == parser.Cascade && n == 1:
		s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "%s", detail))
		return nil
	case behavior == parser.Cascade:
		s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "drop cascades to %d other objects", n).WithDetail("%s", detail))
		return nil
	}
	message := "cannot drop desired object(s) because other objects depend on them"
	if len(roots) == 1 {
		message = fmt.Sprintf("cannot drop %s because other objects depend on it", s.objectName(roots[0]))
	}
	return sqlstate.New(sqlstate.DependentObjectsStillExist, message).WithDetail("%s", detail).
		WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
}

// objectName is PostgreSQL's getObjectDescription.
func (s *Session) objectName(r engine.Ref) string {
	db := s.db()
	switch r.Class {
	case engine.ClassSchema:
		n, _ := db.SchemaByOID(r.OID)
		return "schema " + n.Name
	case engine.ClassConstraint:
		t, _ := db.TableByOID(r.Table)
		return "constraint " + t.ConstraintByOID(r.OID).Name + " on " + s.objectName(engine.TableRef(t.OID, 0))
	case engine.ClassDefault:
		t, _ := db.TableByOID(r.Table)
		for i := range t.Columns {
			if d := t.Columns[i].Default; d != nil && d.OID == r.OID {
				return "default value for " + s.objectName(engine.TableRef(t.OID, int16(i+1)))
			}
		}
	}
	x, ok := db.RelationByOID(r.OID)
	if !ok {
		return fmt.Sprintf("relation %d", r.OID)
	}
	text := kindName(x.Kind()) + " " + s.shownName(x)
	if t, ok := x.(*engine.Table); ok && r.Sub > 0 {
		text = "column " + t.Columns[r.Sub-1].Name + " of " + text
	}
	return text
}

// missing is PostgreSQL's DropErrorMsgNonExistent (D3).
func (s *Session) missing(d *parser.DropStmt, name parser.RangeVar) error {
	if r, ok := query.SystemRelation(name.Schema, name.Name); ok && d.Object == parser.ObjectSequence {
		remove := map[byte]string{'r': "Use DROP TABLE to remove a table.", 'v': "Use DROP VIEW to remove a view."}
		return sqlstate.Errorf(sqlstate.WrongObjectType, "\"%s\" is not a sequence", r.Name).WithHint("%s", remove[r.Kind])
	}
	err := sqlstate.Errorf(sqlstate.UndefinedTable, "%s \"%s\" does not exist", d.Object, name.Name)
	switch d.Object {
	case parser.ObjectIndex:
		err = sqlstate.Errorf(sqlstate.UndefinedObject, "index \"%s\" does not exist", name.Name)
	}
	if name.Schema != "" {
		if _, ok := s.db().Schema(name.Schema); !ok {
			err = errNoSchema(name.Schema)
		}
	}
	if !d.IfExists {
		return err
	}
	s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "%s, skipping", err.Message))
	return nil
}

// wrongType is PostgreSQL's DropErrorMsgWrongType (D4).
func wrongType(found engine.Relation, object parser.ObjectType) error {
	kind := kindName(found.Kind())
	return notOf(found, object).
		WithHint("Use DROP %s to remove %s.", strings.ToUpper(kind), withArticle(kind))
}

func withArticle(kind string) string {
	if kind == "index" {
		return "an " + kind
	}
	return "a " + kind
}
