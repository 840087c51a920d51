package parser

// The AST follows PostgreSQL 15's parse nodes (parsenodes.h, primnodes.h) in
// names and shape, so that what is known of gram.y applies here. It holds
// syntax only: no OID, no resolved name, no privilege.

// Pos is a position in the message as PostgreSQL reports it: 1-based, in
// characters of the whole message. 0 means unknown.
type Pos int32

// Statement is one parsed SQL statement.
type Statement interface{ statement() }

// RawStmt is a statement with its place in the message.
type RawStmt struct {
	Stmt Statement
	Text string // the statement's own text, without the semicolon and surrounding space
	Pos  Pos    // where Text starts
}

// RangeVar is a possibly qualified relation name.
type RangeVar struct {
	Catalog string // "" if not given
	Schema  string // "" if not given
	Name    string
	Only    bool   // ONLY name, in FROM
	Sample  bool   // TABLESAMPLE, in FROM
	Alias   *Alias // in FROM
	Pos     Pos
}

// Alias is "AS name (col, …)".
type Alias struct {
	Name    string
	Columns []string
}

// ObjectType is the kind of object that a generic statement names, as PostgreSQL
// spells it in messages: "sequence", "table", "schema" ….
type ObjectType string

// Object types.
const (
	ObjectSequence ObjectType = "sequence"
	ObjectTable    ObjectType = "table"
	ObjectView     ObjectType = "view"
	ObjectIndex    ObjectType = "index"
	ObjectSchema   ObjectType = "schema"
	ObjectDatabase ObjectType = "database"

	ObjectMaterializedView ObjectType = "materialized view"
	ObjectForeignTable     ObjectType = "foreign table"

	ObjectRole ObjectType = "role"
)

// DropBehavior is RESTRICT (the default) or CASCADE.
type DropBehavior bool

// Drop behaviours.
const (
	Restrict DropBehavior = false
	Cascade  DropBehavior = true
)

// Persistence is CREATE TEMP / UNLOGGED / neither.
type Persistence byte

// Persistences, with the letters of pg_class.relpersistence.
const (
	Permanent Persistence = 'p'
	Unlogged  Persistence = 'u'
	Temporary Persistence = 't'
)

// ---- sequence statements

// SeqOptionKind names an element of SeqOptList, as gram.y's DefElem names.
type SeqOptionKind byte

// Sequence options.
const (
	SeqAs        SeqOptionKind = iota + 1 // AS type
	SeqCache                              // CACHE n
	SeqCycle                              // CYCLE / NO CYCLE
	SeqIncrement                          // INCREMENT [BY] n
	SeqMaxValue                           // MAXVALUE n / NO MAXVALUE
	SeqMinValue                           // MINVALUE n / NO MINVALUE
	SeqOwnedBy                            // OWNED BY a.b / NONE
	SeqName                               // SEQUENCE NAME any_name (pg_dump of identity columns)
	SeqStart                              // START [WITH] n
	SeqRestart                            // RESTART [[WITH] n]
	SeqLogged                             // LOGGED (in gram.y's list, refused by the server: C10)
	SeqUnlogged                           // UNLOGGED
)

// SeqOption is one option of CREATE/ALTER SEQUENCE, in source order: checks
// (duplicates, ranges) belong to the engine, because IF NOT EXISTS skips them (C11).
type SeqOption struct {
	Kind SeqOptionKind
	// Value is the NumericOnly argument as written, sign included, spaces removed
	// ("-5", "1.5", "9223372036854775808"); "" if the option has none (RESTART, NO MAXVALUE).
	Value string
	Bool  bool      // CYCLE: true, NO CYCLE: false; NO MINVALUE/NO MAXVALUE: true
	Type  *TypeName // AS
	Name  []string  // OWNED BY, SEQUENCE NAME; {"none"} for OWNED BY NONE
	Pos   Pos       // of the option's first token, as PostgreSQL reports duplicates
}

// CreateSequenceStmt is CREATE [TEMP|UNLOGGED] SEQUENCE.
type CreateSequenceStmt struct {
	Persistence Persistence
	Global      bool // GLOBAL TEMP[ORARY]; Parse has put PostgreSQL's warning of it into Result.Notices
	GlobalPos   Pos
	IfNotExists bool
	Name        RangeVar
	Options     []SeqOption
}

// AlterSequenceStmt is ALTER SEQUENCE with an option list.
type AlterSequenceStmt struct {
	IfExists bool
	Name     RangeVar
	Options  []SeqOption
}

// RenameStmt is ALTER object RENAME TO.
type RenameStmt struct {
	Object   ObjectType
	IfExists bool
	Name     RangeVar
	NewName  string
}

// AlterOwnerStmt is ALTER object OWNER TO.
type AlterOwnerStmt struct {
	Object   ObjectType
	IfExists bool
	Name     RangeVar
	Owner    RoleSpec
}

// AlterObjectSchemaStmt is ALTER object SET SCHEMA.
type AlterObjectSchemaStmt struct {
	Object    ObjectType
	IfExists  bool
	Name      RangeVar
	NewSchema string
}

// AlterPersistenceStmt is ALTER SEQUENCE/TABLE name SET LOGGED / SET UNLOGGED.
type AlterPersistenceStmt struct {
	Object      ObjectType
	IfExists    bool
	Name        RangeVar
	Persistence Persistence
}

// DropStmt is DROP SEQUENCE and kin.
type DropStmt struct {
	Object   ObjectType
	IfExists bool
	Names    []RangeVar
	Behavior DropBehavior
}

// DropOtherStmt is DROP of a kind of object that seqd makes none of.
type DropOtherStmt struct {
	Kind     string // as PostgreSQL's messages call it
	IfExists bool
	Targets  []DropTarget
	Behavior DropBehavior
}

// DropTarget is what a DropOtherStmt names.
type DropTarget struct {
	Names []string
	// Types are a type itself, arguments (one of an operator may have no name: NONE),
	// or what a cast is from and to. Args tells whether arguments were given, Star
	// whether they are *.
	Types      []TypeName
	Args, Star bool
	On         *RangeVar // of a trigger, rule or policy
	Using      string    // an access method
	Pos        Pos
}

// SecLabelStmt is SECURITY LABEL ON SEQUENCE.
type SecLabelStmt struct {
	Provider string // "" if not given
	Name     RangeVar
	Label    *string // nil: NULL
}

// RoleSpec is a role name or one of its key words.
type RoleSpec struct {
	Name    string // "" with a Keyword
	Keyword string // "", "current_role", "current_user", "session_user", "public"
	Pos     Pos
}

// ---- transactions and settings

// TransactionKind is what a TransactionStmt does.
type TransactionKind byte

// Transaction statements. BEGIN and START TRANSACTION differ in the tag only.
const (
	TxBegin TransactionKind = iota + 1
	TxStart
	TxCommit
	TxRollback
	TxSavepoint
	TxRelease
	TxRollbackTo
	TxPrepare
	TxCommitPrepared
	TxRollbackPrepared
)

// TransactionMode is one transaction_mode_item.
type TransactionMode struct {
	Isolation  string // "", "serializable", "repeatable read", "read committed", "read uncommitted"
	ReadOnly   *bool
	Deferrable *bool
	Pos        Pos
}

// TransactionStmt is BEGIN, COMMIT, SAVEPOINT ….
type TransactionStmt struct {
	Kind      TransactionKind
	Modes     []TransactionMode
	Savepoint string
	Chain     bool
	GID       string
}

// VariableSetStmt is SET, SET LOCAL and RESET. SET TRANSACTION and SET SESSION
// CHARACTERISTICS have Name "TRANSACTION" / "SESSION CHARACTERISTICS" and Modes;
// SET TIME ZONE has Name "timezone"; SET NAMES "client_encoding"; SET SCHEMA
// "search_path"; SET ROLE "role"; SET SESSION AUTHORIZATION "session_authorization".
type VariableSetStmt struct {
	Name    string // as PostgreSQL stores it: lower case unless quoted, dots kept
	Values  []Expr // *Const or *TypeCast (INTERVAL); nil with Default
	Default bool   // SET x TO DEFAULT, RESET x
	All     bool   // RESET ALL
	Reset   bool   // spelled RESET: the tag is RESET
	Local   bool
	// FromCurrent is SET x FROM CURRENT.
	FromCurrent bool
	Modes       []TransactionMode
	Pos         Pos
}

// VariableShowStmt is SHOW name / SHOW ALL (Name "all").
type VariableShowStmt struct{ Name string }

// DiscardTarget is what DISCARD drops.
type DiscardTarget byte

// Discard targets.
const (
	DiscardAll DiscardTarget = iota + 1
	DiscardPlans
	DiscardSequences
	DiscardTemp
)

// DiscardStmt is DISCARD.
type DiscardStmt struct{ Target DiscardTarget }

// CheckpointStmt is CHECKPOINT.
type CheckpointStmt struct{}

// PrepareStmt is PREPARE name (types) AS statement.
type PrepareStmt struct {
	Name  string
	Types []TypeName
	Query Statement
}

// ExecuteStmt is EXECUTE name (args).
type ExecuteStmt struct {
	Name string
	Args []Expr
}

// DeallocateStmt is DEALLOCATE name or ALL (Name "").
type DeallocateStmt struct{ Name string }

// ExplainOption is one option of EXPLAIN: ANALYZE, VERBOSE or (name value, …).
type ExplainOption struct {
	Name  string
	Value string // "" if none
	Pos   Pos
}

// ExplainStmt is EXPLAIN.
type ExplainStmt struct {
	Options []ExplainOption
	Query   Statement
}

// UnservedStmt is a statement that PostgreSQL 15 knows and seqd does not serve
// (yet): its first key words tell. The session answers 0A000, or for statements
// that would write rows, says where rows belong.
type UnservedStmt struct {
	Tag string // PostgreSQL's command tag: "CREATE VIEW", "INSERT", "LISTEN" …
	// Relation is what INSERT, UPDATE, DELETE and MERGE are about.
	Relation *RangeVar
	Pos      Pos
}

// CopyStmt is COPY of a relation, or of what a query gives.
type CopyStmt struct {
	Relation *RangeVar // nil: Query
	Columns  []string  // nil: all
	Query    Statement
	From     bool
	File     *string // nil: STDIN or STDOUT
	Program  bool    // File is a command
	Options  []CopyOption
	Where    Expr
	Pos      Pos
}

// CopyOption is an option of COPY, in the words of its new syntax.
type CopyOption struct {
	Name  string
	Given bool   // it has an argument, which is one of the following
	Text  string // a word, number or string
	Star  bool
	List  []string
	Pos   Pos
}

func (*CreateSequenceStmt) statement()    {}
func (*AlterSequenceStmt) statement()     {}
func (*RenameStmt) statement()            {}
func (*AlterOwnerStmt) statement()        {}
func (*AlterObjectSchemaStmt) statement() {}
func (*AlterPersistenceStmt) statement()  {}
func (*DropStmt) statement()              {}
func (*DropOtherStmt) statement()         {}
func (*SecLabelStmt) statement()          {}
func (*SelectStmt) statement()            {}
func (*TransactionStmt) statement()       {}
func (*VariableSetStmt) statement()       {}
func (*VariableShowStmt) statement()      {}
func (*DiscardStmt) statement()           {}
func (*CheckpointStmt) statement()        {}
func (*PrepareStmt) statement()           {}
func (*ExecuteStmt) statement()           {}
func (*DeallocateStmt) statement()        {}
func (*ExplainStmt) statement()           {}
func (*CopyStmt) statement()              {}
func (*UnservedStmt) statement()          {}
