package auth

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"seqd/server/hba"
)

// rules are the files as they were read at one moment.
type rules struct {
	hba   *hba.Rules // nil: no file, everybody is believed
	ident *hba.Mappings
}

func (a *Authenticator) load() *rules {
	r := &rules{ident: &hba.Mappings{}}
	if a.cfg.HBAFile != "" {
		r.hba = hba.ParseRules(a.cfg.HBAFile, os.ReadFile, a.cfg.TLS)
		for _, w := range r.hba.Warnings {
			a.log.Warn(w.Message, "file", w.File, "line", w.Line, "hint", w.Hint)
		}
	}
	if a.cfg.IdentFile != "" {
		r.ident = hba.ParseMappings(a.cfg.IdentFile, os.ReadFile)
	}
	return r
}

func (r *rules) errors() []hba.LineError {
	all := append([]hba.LineError(nil), r.ident.Errors...)
	if r.hba != nil {
		all = append(r.hba.Errors, all...)
	}
	return all
}

// err is all that is wrong, a line each.
func (r *rules) err() error {
	var b strings.Builder
	for _, e := range r.errors() {
		fmt.Fprintf(&b, "\n  %s", e.Error())
	}
	if b.Len() == 0 {
		return nil
	}
	return errors.New("who may log in can't be read:" + b.String())
}

// Reload reads the files anew: SIGHUP and pg_reload_conf(). If one has an error both
// stay as they were, and every error is logged; sessions that are there are not
// touched.
func (a *Authenticator) Reload() bool {
	if a.cfg.HBAFile == "" {
		return true
	}
	r := a.load()
	for _, e := range r.errors() {
		attrs := []any{"file", e.File}
		if e.Line > 0 {
			attrs = append(attrs, "line", e.Line)
		}
		if e.Hint != "" {
			attrs = append(attrs, "hint", e.Hint)
		}
		a.log.Error(e.Message, attrs...)
	}
	if len(r.errors()) > 0 {
		a.log.Error("rules for who may log in were not reloaded, the old ones stay in force", "file", a.cfg.HBAFile)
		return false
	}
	a.rules.Store(r)
	a.log.Info("rules for who may log in were reloaded", "file", a.cfg.HBAFile, "rules", len(r.hba.Rules))
	return true
}

// FileRules are the rows of pg_hba_file_rules: the file as it is now, errors
// included, whatever is in force.
func (a *Authenticator) FileRules() []hba.FileRule {
	if a.cfg.HBAFile == "" {
		return nil
	}
	return hba.ParseRules(a.cfg.HBAFile, os.ReadFile, a.cfg.TLS).Rows
}

// FileMappings are the rows of pg_ident_file_mappings.
func (a *Authenticator) FileMappings() []hba.FileMapping {
	if a.cfg.IdentFile == "" {
		return nil
	}
	return hba.ParseMappings(a.cfg.IdentFile, os.ReadFile).Rows
}
