package session

import (
	"slices"
	"strings"

	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
	"seqd/server/session/settings"
)

// copyFormat is PostgreSQL's CopyFormatOptions.
type copyFormat struct {
	csv, binary         bool
	header              bool
	delim, null         string
	quote, escape       string
	forceQuoteAll       bool
	forceQuote          []string
	forceNotNull, force []string

	quoted []bool // which columns of COPY TO are always quoted
}

// readCopyOptions is ProcessCopyOptions.
func readCopyOptions(c *parser.CopyStmt) (f copyFormat, err error) {
	given := map[string]bool{}
	for _, o := range c.Options {
		if given[o.Name] {
			return f, sqlstate.New(sqlstate.SyntaxError, "conflicting or redundant options").At(int(o.Pos))
		}
		if err := f.read(o, c.From); err != nil {
			return f, err
		}
		given[o.Name] = true
	}
	switch {
	case f.binary && given["delimiter"]:
		return f, sqlstate.New(sqlstate.SyntaxError, "cannot specify DELIMITER in BINARY mode")
	case f.binary && given["null"]:
		return f, sqlstate.New(sqlstate.SyntaxError, "cannot specify NULL in BINARY mode")
	}
	f.defaults(given)
	if err := f.checkCharacters(); err != nil {
		return f, err
	}
	return f, f.checkModes(given, c.From)
}

func (f *copyFormat) read(o parser.CopyOption, from bool) (err error) {
	switch o.Name {
	case "format":
		switch o.Text {
		case "text":
		case "csv":
			f.csv = true
		case "binary":
			f.binary = true
		default:
			return sqlstate.Errorf(sqlstate.InvalidParameterValue, "COPY format \"%s\" not recognized", o.Text).At(int(o.Pos))
		}
	case "freeze":
		_, err = copyBool(o)
	case "delimiter":
		f.delim, err = copyText(o)
	case "null":
		f.null, err = copyText(o)
	case "header":
		f.header, err = copyHeader(o, from)
	case "quote":
		f.quote, err = copyText(o)
	case "escape":
		f.escape, err = copyText(o)
	case "force_quote":
		f.forceQuote, f.forceQuoteAll = o.List, o.Star
		return copyColumns(o, o.Star || o.List != nil)
	case "force_not_null":
		f.forceNotNull = o.List
		return copyColumns(o, o.List != nil)
	case "force_null":
		f.force = o.List
		return copyColumns(o, o.List != nil)
	case "encoding":
		return copyEncoding(o)
	default:
		return sqlstate.Errorf(sqlstate.SyntaxError, "option \"%s\" not recognized", o.Name).At(int(o.Pos))
	}
	return err
}

// copyText is defGetString.
func copyText(o parser.CopyOption) (string, error) {
	if !o.Given {
		return "", sqlstate.Errorf(sqlstate.SyntaxError, "%s requires a parameter", o.Name)
	}
	return o.Text, nil
}

// copyBool is defGetBoolean, whose words are few.
func copyBool(o parser.CopyOption) (bool, error) {
	if !o.Given {
		return true, nil
	}
	switch strings.ToLower(o.Text) {
	case "true", "on", "1":
		return true, nil
	case "false", "off", "0":
		return false, nil
	}
	return false, sqlstate.Errorf(sqlstate.SyntaxError, "%s requires a Boolean value", o.Name)
}

func copyHeader(o parser.CopyOption, from bool) (bool, error) {
	if strings.EqualFold(o.Text, "match") {
		if !from {
			return false, sqlstate.Errorf(sqlstate.FeatureNotSupported, "cannot use \"%s\" with HEADER in COPY TO", o.Text)
		}
		return true, nil
	}
	on, err := copyBool(o)
	if err != nil {
		err = sqlstate.Errorf(sqlstate.SyntaxError, "%s requires a Boolean value or \"match\"", o.Name)
	}
	return on, err
}

func copyColumns(o parser.CopyOption, ok bool) error {
	if ok {
		return nil
	}
	return sqlstate.Errorf(sqlstate.InvalidParameterValue, "argument to option \"%s\" must be a list of column names", o.Name).At(int(o.Pos))
}

func copyEncoding(o parser.CopyOption) error {
	if _, err := copyText(o); err != nil {
		return err
	}
	err := settings.New().SetBase("client_encoding", o.Text)
	if err != nil && sqlstate.CodeOf(err) != sqlstate.FeatureNotSupported {
		err = sqlstate.Errorf(sqlstate.InvalidParameterValue, "argument to option \"%s\" must be a valid encoding name", o.Name).At(int(o.Pos))
	}
	return err // seqd converts to no other encoding than its own
}

func (f *copyFormat) defaults(given map[string]bool) {
	if !given["delimiter"] {
		f.delim = "\t"
		if f.csv {
			f.delim = ","
		}
	}
	if !given["null"] && !f.csv {
		f.null = `\N`
	}
	if f.csv && !given["quote"] {
		f.quote = `"`
	}
	if f.csv && !given["escape"] {
		f.escape = f.quote
	}
}

func (f *copyFormat) checkCharacters() error {
	switch {
	case len(f.delim) != 1:
		return copyUnsupported("COPY delimiter must be a single one-byte character")
	case strings.ContainsAny(f.delim, "\r\n"):
		return sqlstate.New(sqlstate.InvalidParameterValue, "COPY delimiter cannot be newline or carriage return")
	case strings.ContainsAny(f.null, "\r\n"):
		return sqlstate.New(sqlstate.InvalidParameterValue, "COPY null representation cannot use newline or carriage return")
	case !f.csv && strings.Contains(`\.abcdefghijklmnopqrstuvwxyz0123456789`, f.delim):
		return sqlstate.Errorf(sqlstate.InvalidParameterValue, "COPY delimiter cannot be \"%s\"", f.delim)
	}
	return nil
}

func (f *copyFormat) checkModes(given map[string]bool, from bool) error {
	switch {
	case f.binary && f.header:
		return copyUnsupported("cannot specify HEADER in BINARY mode")
	case !f.csv && given["quote"]:
		return copyUnsupported("COPY quote available only in CSV mode")
	case f.csv && len(f.quote) != 1:
		return copyUnsupported("COPY quote must be a single one-byte character")
	case f.csv && f.delim == f.quote:
		return sqlstate.New(sqlstate.InvalidParameterValue, "COPY delimiter and quote must be different")
	case !f.csv && given["escape"]:
		return copyUnsupported("COPY escape available only in CSV mode")
	case f.csv && len(f.escape) != 1:
		return copyUnsupported("COPY escape must be a single one-byte character")
	case !f.csv && given["force_quote"]:
		return copyUnsupported("COPY force quote available only in CSV mode")
	case given["force_quote"] && from:
		return copyUnsupported("COPY force quote only available using COPY TO")
	case !f.csv && given["force_not_null"]:
		return copyUnsupported("COPY force not null available only in CSV mode")
	case given["force_not_null"] && !from:
		return copyUnsupported("COPY force not null only available using COPY FROM")
	case !f.csv && given["force_null"]:
		return copyUnsupported("COPY force null available only in CSV mode")
	case given["force_null"] && !from:
		return copyUnsupported("COPY force null only available using COPY FROM")
	case strings.Contains(f.null, f.delim):
		return copyUnsupported("COPY delimiter must not appear in the NULL specification")
	case f.csv && strings.Contains(f.null, f.quote):
		return copyUnsupported("CSV quote character must not appear in the NULL specification")
	}
	return nil
}

func copyUnsupported(message string) error {
	return sqlstate.New(sqlstate.FeatureNotSupported, message)
}

// copiedColumns is CopyGetAttnums: the columns that are named, or all.
func copiedColumns(have, named []string, relation string) ([]string, error) {
	if named == nil {
		return have, nil
	}
	for i, name := range named {
		switch {
		case !slices.Contains(have, name) && relation == "":
			return nil, sqlstate.Errorf(sqlstate.UndefinedColumn, "column \"%s\" does not exist", name)
		case !slices.Contains(have, name):
			return nil, sqlstate.Errorf(sqlstate.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, relation)
		case slices.Contains(named[:i], name):
			return nil, sqlstate.Errorf(sqlstate.DuplicateColumn, "column \"%s\" specified more than once", name)
		}
	}
	return named, nil
}

// checkForced looks at the columns that the FORCE options name.
func (f *copyFormat) checkForced(have, copied []string, relation string) error {
	f.quoted = make([]bool, len(copied))
	for i, name := range copied {
		f.quoted[i] = f.forceQuoteAll || slices.Contains(f.forceQuote, name)
	}
	for _, o := range []struct {
		what  string
		names []string
	}{{"FORCE_QUOTE", f.forceQuote}, {"FORCE_NOT_NULL", f.forceNotNull}, {"FORCE_NULL", f.force}} {
		names, err := copiedColumns(have, o.names, relation)
		if o.names == nil {
			continue
		}
		if err != nil {
			return err
		}
		for _, name := range names {
			if !slices.Contains(copied, name) {
				return sqlstate.Errorf(sqlstate.InvalidColumnReference, "%s column \"%s\" not referenced by COPY", o.what, name)
			}
		}
	}
	return nil
}
