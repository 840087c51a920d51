package parser

// CursorOptions are the words between a cursor's name and FOR.
type CursorOptions struct {
	Binary, Scroll, NoScroll, Insensitive, Asensitive, Hold bool
}

// DeclareCursorStmt is DECLARE name … CURSOR … FOR query.
type DeclareCursorStmt struct {
	Name    string
	Options CursorOptions
	Query   *SelectStmt
	Text    string // source text of Query
}

// FetchDirection is where FETCH and MOVE go.
type FetchDirection byte

// Fetch directions, PostgreSQL's: NEXT is forward 1, FIRST absolute 1, and so on.
const (
	FetchForward FetchDirection = iota + 1
	FetchBackward
	FetchAbsolute
	FetchRelative
)

// FetchAll is the count of FETCH ALL.
const FetchAll = 1<<63 - 1

// FetchStmt is FETCH and MOVE.
type FetchStmt struct {
	Direction FetchDirection
	Count     int64
	Cursor    string
	Move      bool
}

// CloseStmt is CLOSE name and CLOSE ALL (Name "").
type CloseStmt struct{ Name string }

// LockStmt is LOCK TABLE.
type LockStmt struct {
	Relations []RangeVar
	Mode      string // "ACCESS EXCLUSIVE" …
	NoWait    bool
}

// UnlistenStmt is UNLISTEN name and UNLISTEN * (Channel "").
type UnlistenStmt struct{ Channel string }

func (*DeclareCursorStmt) statement() {}
func (*FetchStmt) statement()         {}
func (*CloseStmt) statement()         {}
func (*LockStmt) statement()          {}
func (*UnlistenStmt) statement()      {}
