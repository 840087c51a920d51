package parser

// Statements about tables, which seqd declares and keeps no rows of.

// ConstraintKind is what a Constraint demands.
type ConstraintKind byte

// Kinds of constraints. The attributes (DEFERRABLE …) of a column's constraint are
// constraints of their own in the list, behind the one that they belong to.
const (
	ConstraintNotNull ConstraintKind = iota + 1
	ConstraintNull
	ConstraintDefault
	ConstraintIdentity
	ConstraintGenerated
	ConstraintCheck
	ConstraintPrimaryKey
	ConstraintUnique
	ConstraintForeignKey
	ConstraintExclude // of a table; not looked into
	ConstraintDeferrable
	ConstraintNotDeferrable
	ConstraintInitiallyDeferred
	ConstraintInitiallyImmediate
)

// Constraint is a constraint of a column or of a table.
type Constraint struct {
	Kind             ConstraintKind
	Name             string      // "" if not given
	Expr             Expr        // of DEFAULT, CHECK and GENERATED ALWAYS AS ()
	Text             string      // source text of Expr
	Always           bool        // GENERATED ALWAYS; else BY DEFAULT
	Options          []SeqOption // of IDENTITY
	Columns          []string    // of a table's constraint
	Include          []string
	Index            string // USING INDEX
	NullsNotDistinct bool
	References       RangeVar
	RefColumns       []string
	Match            string // "", "full", "partial", "simple"
	OnUpdate         ReferentialAction
	OnDelete         ReferentialAction
	Deferrable       bool
	Deferred         bool // INITIALLY DEFERRED
	NotValid         bool
	NoInherit        bool
	Pos              Pos
}

// ReferentialAction is what ON UPDATE or ON DELETE does, with pg_constraint's letter.
type ReferentialAction byte

// Referential actions. The zero value is NO ACTION, by default.
const (
	ActionNone       ReferentialAction = 'a'
	ActionRestrict   ReferentialAction = 'r'
	ActionCascade    ReferentialAction = 'c'
	ActionSetNull    ReferentialAction = 'n'
	ActionSetDefault ReferentialAction = 'd'
)

// TableColumn is a column of CREATE TABLE or ADD COLUMN.
type TableColumn struct {
	Name        string
	Type        TypeName
	Collation   []string // COLLATE; nil if not given
	CollatePos  Pos
	Compression string
	Constraints []Constraint
	Pos         Pos
}

// TableElement is one element of CREATE TABLE: exactly one of the three.
type TableElement struct {
	Column     *TableColumn
	Constraint *Constraint
	Like       *TableLike
}

// TableLike is LIKE table INCLUDING …, with the parts of the other table it takes.
type TableLike struct {
	Table   RangeVar
	Options map[string]bool // "defaults", "identity" … as left by INCLUDING and EXCLUDING
}

// OnCommit is what becomes of a temporary table at COMMIT.
type OnCommit byte

// ON COMMIT actions.
const (
	OnCommitNone OnCommit = iota // not given
	OnCommitPreserve
	OnCommitDelete
	OnCommitDrop
)

// CreateTableStmt is CREATE TABLE. Unserved names a part that makes it a table of a
// kind that seqd does not declare: "INHERITS", "PARTITION BY", "PARTITION OF", "OF".
type CreateTableStmt struct {
	Persistence Persistence
	IfNotExists bool
	Name        RangeVar
	Elements    []TableElement
	OnCommit    OnCommit
	Tablespace  string
	Unserved    string
}

// AlterTableKind is what one command of ALTER TABLE does.
type AlterTableKind byte

// Commands of ALTER TABLE.
const (
	AlterAddColumn AlterTableKind = iota + 1
	AlterDropColumn
	AlterSetDefault
	AlterDropDefault
	AlterSetNotNull
	AlterDropNotNull
	AlterColumnType
	AlterAddIdentity
	AlterSetIdentity // SET GENERATED, RESTART, SET sequence option
	AlterDropIdentity
	AlterAddConstraint
	AlterConstraint
	AlterValidateConstraint
	AlterDropConstraint
	AlterOwner
	AlterLogged
	AlterUnlogged
	AlterIgnored // of storage, statistics …: nothing of it shows
	AlterOther   // not served: Name tells what
)

// AlterTableCmd is one command of ALTER TABLE.
type AlterTableCmd struct {
	Kind       AlterTableKind
	Name       string // of the column or constraint
	IfExists   bool   // or IF NOT EXISTS
	Column     *TableColumn
	Constraint *Constraint
	Expr       Expr // SET DEFAULT, USING
	Text       string
	Options    []SeqOption
	Generated  string // "always", "by default" of SET GENERATED; "" if not given
	// GeneratedAgain is where a second SET GENERATED stands, which is refused when the
	// statement runs; 0 if there is none.
	GeneratedAgain Pos
	Owner          RoleSpec
	Behavior       DropBehavior
}

// AlterTableStmt is ALTER TABLE with commands; on INDEX, SEQUENCE and VIEW those that
// AlterSequenceStmt and its like do not have.
type AlterTableStmt struct {
	Object   ObjectType
	IfExists bool
	Name     RangeVar
	Commands []AlterTableCmd
}

// RenamePartStmt is ALTER TABLE RENAME COLUMN or RENAME CONSTRAINT.
type RenamePartStmt struct {
	Object   ObjectType // of the relation
	Part     ObjectType // ObjectColumn or ObjectConstraint
	IfExists bool
	Relation RangeVar
	Name     string
	NewName  string
}

// IndexElem is a column or an expression of an index.
type IndexElem struct {
	Column     string
	Expr       Expr
	Text       string   // source text of Expr
	Collation  []string // COLLATE; nil if not given
	OpClass    []string // nil if not given
	Desc       bool
	NullsFirst bool // as given, or by default: with DESC
}

// CreateIndexStmt is CREATE INDEX.
type CreateIndexStmt struct {
	Unique           bool
	Concurrently     bool
	IfNotExists      bool
	Name             string // "": made up
	Table            RangeVar
	Method           string // "" is btree
	Elements         []IndexElem
	Include          []string
	NullsNotDistinct bool
	Where            Expr
	WhereText        string
}

// TruncateStmt is TRUNCATE.
type TruncateStmt struct {
	Tables          []RangeVar
	RestartIdentity bool
	Behavior        DropBehavior
}

func (*CreateTableStmt) statement() {}
func (*AlterTableStmt) statement()  {}
func (*RenamePartStmt) statement()  {}
func (*CreateIndexStmt) statement() {}
func (*TruncateStmt) statement()    {}
