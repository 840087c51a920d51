package parser

// transactionStmt is TransactionStmt, except PREPARE TRANSACTION.
func (p *parser) transactionStmt() Statement {
	s := &TransactionStmt{}
	k := p.tok.kind
	p.advance()
	switch k {
	case kwBegin:
		s.Kind = TxBegin
		p.optTransaction()
		s.Modes = p.transactionModes(false)
	case kwStart:
		s.Kind = TxStart
		p.want(kwTransaction)
		s.Modes = p.transactionModes(false)
	case kwSavepoint:
		s.Kind = TxSavepoint
		s.Savepoint = p.colID()
	case kwRelease:
		s.Kind = TxRelease
		p.savepointName(s)
	default:
		p.endTransaction(s, k)
	}
	return s
}

// endTransaction is COMMIT, END, ROLLBACK and ABORT after the first word.
func (p *parser) endTransaction(s *TransactionStmt, k kind) {
	s.Kind = TxRollback
	if k == kwCommit || k == kwEnd {
		s.Kind = TxCommit
	}
	if p.tok.kind == kwPrepared && (k == kwCommit || k == kwRollback) {
		p.advance()
		s.GID = p.sconst()
		if s.Kind == TxCommit {
			s.Kind = TxCommitPrepared
		} else {
			s.Kind = TxRollbackPrepared
		}
		return
	}
	p.optTransaction()
	if k == kwRollback && p.got(kwTo) {
		s.Kind = TxRollbackTo
		p.savepointName(s)
		return
	}
	if p.got(kwAnd) {
		s.Chain = !p.got(kwNo)
		p.want(kwChain)
	}
}

// savepointName is [SAVEPOINT] name; a savepoint may be called savepoint.
func (p *parser) savepointName(s *TransactionStmt) {
	if p.tok.kind == kwSavepoint && p.peek().isColID() {
		p.advance()
	}
	s.Savepoint = p.colID()
}

func (p *parser) optTransaction() {
	if !p.got(kwWork) {
		p.got(kwTransaction)
	}
}

// transactionModes is transaction_mode_list: items with or without commas.
func (p *parser) transactionModes(required bool) (modes []TransactionMode) {
	for required || p.startsMode() {
		modes = append(modes, p.transactionMode())
		required = p.got(',')
	}
	return modes
}

func (p *parser) startsMode() bool {
	switch p.tok.kind {
	case kwIsolation, kwRead, kwDeferrable, kwNot:
		return true
	}
	return false
}

func (p *parser) transactionMode() TransactionMode {
	m := TransactionMode{Pos: p.tok.pos}
	yes, no := true, false
	switch {
	case p.gotWords(kwIsolation, kwLevel):
		m.Isolation = p.isoLevel()
	case p.got(kwRead):
		if m.ReadOnly = &yes; !p.got(kwOnly) {
			p.want(kwWrite)
			m.ReadOnly = &no
		}
	case p.got(kwDeferrable):
		m.Deferrable = &yes
	default:
		p.wants(kwNot, kwDeferrable)
		m.Deferrable = &no
	}
	return m
}

func (p *parser) isoLevel() string {
	switch {
	case p.got(kwSerializable):
		return "serializable"
	case p.gotWords(kwRepeatable, kwRead):
		return "repeatable read"
	}
	p.want(kwRead)
	if p.got(kwCommitted) {
		return "read committed"
	}
	p.want(kwUncommitted)
	return "read uncommitted"
}
