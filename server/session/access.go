package session

import (
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
	"seqd/server/hba"
)

// AccessFiles are the files that say who may log in.
type AccessFiles interface {
	// Reload reads them again: false if one has an error and stays out of force.
	Reload() bool
	// FileRules and FileMappings are what is in the files now.
	FileRules() []hba.FileRule
	FileMappings() []hba.FileMapping
}

// accessFiles are for superusers: PostgreSQL gives these functions to nobody else.
func (e evaluator) accessFiles(function string) (AccessFiles, error) {
	if !e.s.currentRole().Superuser {
		return nil, sqlstate.Errorf(sqlstate.InsufficientPrivilege, "permission denied for function %s", function)
	}
	if e.s.access == nil {
		return noFiles{}, nil
	}
	return e.s.access, nil
}

// noFiles is a server without rules.
type noFiles struct{}

func (noFiles) Reload() bool                    { return true }
func (noFiles) FileRules() []hba.FileRule       { return nil }
func (noFiles) FileMappings() []hba.FileMapping { return nil }

// ReloadConf implements query.Session.
func (e evaluator) ReloadConf() (bool, error) {
	files, err := e.accessFiles("pg_reload_conf")
	return err == nil && files.Reload(), err
}

// HBAFileRules implements query.Session.
func (e evaluator) HBAFileRules() ([][]pgtypes.Value, error) {
	files, err := e.accessFiles("pg_hba_file_rules")
	if err != nil {
		return nil, err
	}
	var rows [][]pgtypes.Value
	for _, r := range files.FileRules() {
		rows = append(rows, []pgtypes.Value{pgtypes.NewInt(int64(r.Line)), textOrNull(r.Type), textsOrNull(r.Databases), textsOrNull(r.Users),
			textOrNull(r.Address), textOrNull(r.Netmask), textOrNull(r.Method), textsOrNull(r.Options), textOrNull(r.Error)})
	}
	return rows, nil
}

// IdentFileMappings implements query.Session.
func (e evaluator) IdentFileMappings() ([][]pgtypes.Value, error) {
	files, err := e.accessFiles("pg_ident_file_mappings")
	if err != nil {
		return nil, err
	}
	var rows [][]pgtypes.Value
	for _, m := range files.FileMappings() {
		rows = append(rows, []pgtypes.Value{pgtypes.NewInt(int64(m.Line)), textOrNull(m.Name), textOrNull(m.System), textOrNull(m.User), textOrNull(m.Error)})
	}
	return rows, nil
}

func textOrNull(s string) pgtypes.Value {
	if s == "" {
		return pgtypes.Null()
	}
	return pgtypes.NewText(s)
}

func textsOrNull(texts []string) pgtypes.Value {
	if texts == nil {
		return pgtypes.Null()
	}
	a := &pgtypes.Array{Elem: pgtypes.Text, Dims: []pgtypes.Dim{{Len: int32(len(texts)), Lower: 1}}}
	for _, s := range texts {
		a.Elems = append(a.Elems, pgtypes.NewText(s))
	}
	return pgtypes.NewArray(a)
}
