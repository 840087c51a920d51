package parser

// stmtMulti is stmtmulti: statements between semicolons, empty ones left out.
func (p *parser) stmtMulti() (list []RawStmt) {
	for {
		for p.got(';') {
		}
		if p.tok.kind == tokEOF {
			return list
		}
		start, pos := p.tok.start, p.tok.pos
		stmt := p.stmt()
		list = append(list, RawStmt{Stmt: stmt, Text: p.src[start:p.prevEnd], Pos: pos})
		if p.tok.kind != ';' && p.tok.kind != tokEOF {
			p.unexpected()
		}
	}
}

// stmt is one statement.
func (p *parser) stmt() Statement {
	switch p.tok.kind {
	case kwSelect, kwValues, kwTable, '(':
		return p.selectStmt()
	case kwWith, tokWithLA:
		return p.withStmt()
	case kwCreate:
		return p.createStmt()
	case kwAlter:
		return p.alterStmt()
	case kwDrop:
		return p.dropStmt()
	case kwSecurity:
		return p.secLabelStmt()
	case kwBegin, kwStart, kwCommit, kwEnd, kwRollback, kwAbort, kwSavepoint, kwRelease:
		return p.transactionStmt()
	case kwSet:
		return p.setStmt()
	case kwReset:
		return p.resetStmt()
	case kwShow:
		return p.showStmt()
	case kwDiscard:
		return p.discardStmt()
	case kwCheckpoint:
		p.advance()
		return &CheckpointStmt{}
	case kwPrepare:
		return p.prepareStmt()
	case kwExecute:
		return p.executeStmt()
	case kwDeallocate:
		return p.deallocateStmt()
	case kwExplain:
		return p.explainStmt()
	case kwDeclare:
		return p.declareStmt()
	case kwFetch, kwMove:
		return p.fetchStmt()
	case kwClose:
		return p.closeStmt()
	case kwLock:
		return p.lockStmt()
	case kwUnlisten:
		return p.unlistenStmt()
	case kwGrant:
		return p.grantStmt()
	case kwRevoke:
		return p.revokeStmt()
	case kwComment:
		return p.commentStmt()
	case kwTruncate:
		return p.truncateStmt()
	case kwReassign:
		return p.reassignOwned()
	case kwCopy:
		return p.copyStmt()
	}
	return p.unserved()
}

// withStmt is a statement that starts with WITH, which may precede other
// statements than queries.
func (p *parser) withStmt() Statement {
	outer := p.down()
	pos := p.tok.pos
	with := p.withClause()
	switch p.tok.kind {
	case kwInsert, kwUpdate, kwDelete, kwMerge:
		s := p.unserved()
		s.Pos = pos
		p.up(outer)
		return s
	}
	q := p.setOperations(p.selectClause(), setOpNone)
	p.selectOptions(q, with)
	p.up(outer)
	return q
}

// preparableStmt is PreparableStmt.
func (p *parser) preparableStmt() Statement {
	switch p.tok.kind {
	case kwInsert, kwUpdate, kwDelete, kwMerge:
		return p.unserved()
	case kwWith, tokWithLA:
		return p.withStmt()
	}
	return p.selectStmt()
}
