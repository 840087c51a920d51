package session

import (
	"slices"
	"strings"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/query"
	"seqd/engine/sequence"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// serials are the types that are none, with what they stand for.
var serials = map[string]pgtypes.OID{
	"smallserial": pgtypes.Int2, "serial2": pgtypes.Int2, "serial": pgtypes.Int4, "serial4": pgtypes.Int4,
	"bigserial": pgtypes.Int8, "serial8": pgtypes.Int8,
}

// columnMaker is a column under way: what was said of it, and where.
type columnMaker struct {
	*tableMaker
	c          engine.Column
	sawNull    bool
	sawNotNull bool
	sawDefault bool
	identity   bool
}

// addColumn is transformColumnDefinition. Of the column's constraints it returns those
// that are the table's affair.
func (m *tableMaker) addColumn(d *parser.TableColumn) ([]parser.Constraint, error) {
	k := &columnMaker{tableMaker: m, c: engine.Column{Name: d.Name, Typmod: -1}}
	serial := pgtypes.OID(0)
	if len(d.Type.Names) == 1 {
		serial = serials[d.Type.Names[0]]
	}
	var err error
	if serial != 0 {
		if d.Type.ArrayDims > 0 {
			return nil, sqlstate.New(sqlstate.FeatureNotSupported, "array of serial is not implemented").At(int(d.Type.Pos))
		}
		k.c.Type = engine.OID(serial)
	} else if err = k.setType(&d.Type); err != nil {
		return nil, err
	}
	if err := k.setCollation(d); err != nil {
		return nil, err
	}
	if old, _ := m.table.Column(d.Name); old != nil {
		return nil, sqlstate.Errorf(sqlstate.DuplicateColumn, "column \"%s\" specified more than once", d.Name)
	}
	if serial != 0 {
		if err := k.serial(serial); err != nil {
			return nil, err
		}
	}
	var of []parser.Constraint
	for i := range d.Constraints {
		c := &d.Constraints[i]
		table, err := k.constraint(c, serial != 0)
		if err != nil {
			return nil, err
		}
		if table {
			next := *c
			next.Columns = []string{d.Name}
			of = append(of, next)
		}
	}
	return of, m.append(k.c)
}

func (k *columnMaker) setType(t *parser.TypeName) error {
	oid, typmod, err := query.ResolveType(t, evaluator{k.s})
	if err != nil {
		return err
	}
	if pseudo, ok := pgtypes.TypeByOID(oid); ok && pseudo.Kind == 'p' {
		return sqlstate.Errorf(sqlstate.InvalidTableDefinition, "column \"%s\" has pseudo-type %s", k.c.Name, pgtypes.Format(oid))
	}
	k.c.Type, k.c.Typmod, k.c.Dims = engine.OID(oid), typmod, int32(t.ArrayDims)
	return nil
}

// setCollation is COLLATE, which goes with a type: without it the column has the type's.
func (k *columnMaker) setCollation(d *parser.TableColumn) error {
	k.c.Collation = 0
	if d.Collation == nil {
		return nil
	}
	coll, err := query.ResolveCollation(d.Collation, pgtypes.OID(k.c.Type), evaluator{k.s})
	if err != nil {
		return err.At(int(d.CollatePos))
	}
	k.c.Collation = coll
	return nil
}

// constraint is one constraint of a column; true if the table has to see to it.
func (k *columnMaker) constraint(c *parser.Constraint, serial bool) (bool, error) {
	// What serial stands for comes last, and from nowhere in the statement.
	where := func(format string) error {
		e := sqlstate.Errorf(sqlstate.SyntaxError, format, k.c.Name, k.table.Name)
		if serial {
			return e
		}
		return e.At(int(c.Pos))
	}
	switch c.Kind {
	case parser.ConstraintNull:
		if k.sawNotNull || k.c.NotNull {
			return false, where("conflicting NULL/NOT NULL declarations for column \"%s\" of table \"%s\"")
		}
		k.sawNull = true
	case parser.ConstraintNotNull:
		if k.sawNull {
			return false, where("conflicting NULL/NOT NULL declarations for column \"%s\" of table \"%s\"")
		}
		k.c.NotNull, k.sawNotNull = true, true
	case parser.ConstraintDefault:
		switch {
		case k.sawDefault || serial:
			return false, where("multiple default values specified for column \"%s\" of table \"%s\"")
		case k.identity:
			return false, where("both default and identity specified for column \"%s\" of table \"%s\"")
		}
		k.sawDefault = true
		return false, k.setDefault(c.Expr, c.Text)
	case parser.ConstraintIdentity:
		switch {
		case k.identity:
			return false, where("multiple identity specifications for column \"%s\" of table \"%s\"")
		case k.sawNull:
			return false, where("conflicting NULL/NOT NULL declarations for column \"%s\" of table \"%s\"")
		case k.sawDefault || serial:
			return false, where("both default and identity specified for column \"%s\" of table \"%s\"")
		}
		return false, k.makeIdentity(c.Always, c.Options)
	case parser.ConstraintGenerated:
		return false, sqlstate.New(sqlstate.FeatureNotSupported, "seqd does not declare generated columns").At(int(c.Pos)).
			WithHint("seqd keeps no rows: declare the column without its expression.")
	default:
		return true, nil
	}
	return false, nil
}

// serial makes a serial column's sequence and default.
func (k *columnMaker) serial(typ pgtypes.OID) error {
	oid, err := k.makeSequence(typ, nil, false)
	if err != nil {
		return err
	}
	k.c.NotNull = true
	k.c.Default = &engine.Default{Pieces: []string{"nextval(", ")"}, Sequences: []engine.OID{oid}}
	k.c.Default.OID, err = k.s.newOID(k.table.Persistence)
	return err
}

// makeIdentity makes the column an identity, with its sequence.
func (k *columnMaker) makeIdentity(always bool, options []parser.SeqOption) error {
	switch pgtypes.OID(k.c.Type) {
	case pgtypes.Int2, pgtypes.Int4, pgtypes.Int8:
	default:
		return sqlstate.New(sqlstate.InvalidParameterValue, "identity column type must be smallint, integer, or bigint")
	}
	if _, err := k.makeSequence(pgtypes.OID(k.c.Type), options, true); err != nil {
		return err
	}
	k.identity, k.c.NotNull, k.c.Identity = true, true, 'd'
	if always {
		k.c.Identity = 'a'
	}
	return nil
}

// makeSequence is generateSerialExtraStmts: the sequence is made before the table, and
// given to the column after it.
func (k *columnMaker) makeSequence(typ pgtypes.OID, options []parser.SeqOption, identity bool) (engine.OID, error) {
	name := parser.RangeVar{}
	rest := slices.DeleteFunc(slices.Clone(options), func(o parser.SeqOption) bool {
		if o.Kind == parser.SeqName && identity {
			name.Name = o.Name[len(o.Name)-1]
			return true
		}
		return false
	})
	list := k.s.options(rest)
	hasType := slices.ContainsFunc(rest, func(o parser.SeqOption) bool { return o.Kind == parser.SeqAs })
	if !hasType {
		list = append([]engine.Option{{Kind: engine.OptionAs, Type: func() (sequence.Type, error) { return sequenceTypeOf(typ) }}}, list...)
	}
	definition, err := engine.CreateOptions(list)
	if err != nil {
		return 0, err
	}
	if name.Name == "" {
		name.Name = k.choose(k.table.Name, k.c.Name, "seq")
	}
	oid, err := k.s.newOID(k.table.Persistence)
	if err != nil {
		return 0, err
	}
	acls, err := k.s.newACL(k.table.Owner, k.table.Schema, acl.Sequence)
	if err != nil {
		return 0, err
	}
	err = k.s.changes().CreateSequence(engine.NewSequence{ACL: acls, OID: oid, Schema: k.table.Schema, Name: name.Name, Owner: k.table.Owner,
		Persistence: k.table.Persistence, Definition: definition})
	k.sequences = append(k.sequences, madeSequence{oid, engine.OwnedBy{Table: k.table.OID, Column: int16(len(k.table.Columns) + 1), Identity: identity}})
	return oid, err
}

func sequenceTypeOf(typ pgtypes.OID) (sequence.Type, error) {
	switch typ {
	case pgtypes.Int2:
		return sequence.SmallInt, nil
	case pgtypes.Int4:
		return sequence.Integer, nil
	case pgtypes.Int8:
		return sequence.BigInt, nil
	}
	return 0, sqlstate.New(sqlstate.InvalidParameterValue, "sequence type must be smallint, integer, or bigint")
}

// setDefault is DEFAULT of a column: NULL is none.
func (k *columnMaker) setDefault(x parser.Expr, text string) error {
	null, err := query.CheckDefault(x, evaluator{k.s}, k.c.Name, pgtypes.OID(k.c.Type), k.c.Typmod)
	if err != nil || null {
		k.c.Default = nil
		return err
	}
	d, err := k.defaultText(x, text)
	if err != nil {
		return err
	}
	if d.OID, err = k.s.newOID(k.table.Persistence); err != nil {
		return err
	}
	k.c.Default = d
	return nil
}

// defaultText is what pg_get_expr shows of a default: a sequence by its name of the
// moment, and what is more than that as text.
func (k *columnMaker) defaultText(x parser.Expr, text string) (*engine.Default, error) {
	if f, ok := x.(*parser.FuncCall); ok {
		if d, err := k.s.nextvalDefault(f); d != nil || err != nil {
			return d, err
		}
	}
	text = strings.TrimSpace(text)
	if canonical, ok := query.CanonicalText(x, evaluator{k.s}, nil, pgtypes.OID(k.c.Type), k.c.Typmod); ok {
		text = canonical
	}
	return &engine.Default{Pieces: []string{text}}, nil
}

// nextvalDefault is the default nextval('s'), which follows the sequence; nil if the
// call is no such thing.
func (s *Session) nextvalDefault(f *parser.FuncCall) (*engine.Default, error) {
	name, ok := nextvalOf(f)
	if !ok {
		return nil, nil
	}
	names, err := parser.ParseNameList(name)
	if err != nil {
		return nil, err
	}
	v := parser.RangeVar{Name: names[len(names)-1]}
	if len(names) > 1 {
		v.Schema = names[len(names)-2]
	}
	found, err := s.findRelation(v, false)
	if err != nil {
		return nil, err
	}
	if seq, ok := found.(*engine.Sequence); ok {
		return &engine.Default{Pieces: []string{"nextval(", ")"}, Sequences: []engine.OID{seq.OID}}, nil
	}
	return nil, nil
}

// nextvalOf is the sequence's name in nextval('name'), with or without ::regclass. With
// ::text the name is looked up when the function runs, and nothing depends on it (D2).
func nextvalOf(f *parser.FuncCall) (string, bool) {
	if f.Name[len(f.Name)-1] != "nextval" || len(f.Args) != 1 {
		return "", false
	}
	arg := f.Args[0]
	if cast, ok := arg.(*parser.TypeCast); ok && cast.Type.Names[len(cast.Type.Names)-1] == "regclass" {
		arg = cast.Arg
	}
	c, ok := arg.(*parser.Const)
	if !ok || c.Kind != parser.ConstString {
		return "", false
	}
	return c.Text, true
}
