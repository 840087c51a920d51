package settings

import (
	"slices"
	"strconv"
	"strings"

	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
	"seqd/protocol/timezone"
)

// hook checks a value and returns it as SHOW prints it. now is the value in force.
type hook func(p *parameter, value, now string) (string, error)

// hooks are the checks that PostgreSQL has for single parameters.
var hooks = map[string]hook{
	"application_name":            cleanASCII,
	"client_encoding":             checkEncoding,
	"datestyle":                   checkDateStyle,
	"default_table_access_method": checkAccessMethod,
	"default_tablespace":          oneOf("", "Tablespace \"%s\" does not exist.", "pg_default", "pg_global"),
	"default_text_search_config":  checkTextSearch,
	"default_with_oids":           checkOIDs,
	"lc_messages":                 checkLocale,
	"lc_monetary":                 checkLocale,
	"lc_numeric":                  checkLocale,
	"lc_time":                     checkLocale,
	"search_path":                 checkList,
	"seed":                        func(*parameter, string, string) (string, error) { return "unavailable", nil },
	"temp_tablespaces":            checkTablespaces,
	"timezone":                    checkTimeZone,
	"timezone_abbreviations":      oneOf("Default", "", "India", "Australia"),
}

// oneOf takes the values given; detail says what is wrong with others.
func oneOf(first, detail string, more ...string) hook {
	return func(p *parameter, value, _ string) (string, error) {
		if value == first || slices.Contains(more, value) {
			return value, nil
		}
		e := p.invalid(value)
		if detail != "" {
			e = e.WithDetail(detail, value)
		}
		return "", e
	}
}

func checkAccessMethod(p *parameter, value, now string) (string, error) {
	if value == "" {
		return "", p.invalid(value).WithDetail("default_table_access_method cannot be empty.")
	}
	return oneOf("heap", "Table access method \"%s\" does not exist.")(p, value, now)
}

func checkOIDs(_ *parameter, value, _ string) (string, error) {
	if on, _ := pgtypes.ParseBoolText(value); on {
		return "", sqlstate.New(sqlstate.FeatureNotSupported, "tables declared WITH OIDS are not supported")
	}
	return "off", nil
}

func checkTimeZone(p *parameter, value, _ string) (string, error) {
	if z, ok := timezone.Find(value); ok {
		return z.String(), nil
	}
	e := p.invalid(value)
	if _, err := strconv.ParseFloat(value, 64); err == nil {
		e = e.WithDetail("UTC timezone offset is out of range.")
	}
	return "", e
}

// locales are those that every system has.
var locales = []string{"", "C", "POSIX", "C.UTF-8", "C.utf8"}

func checkLocale(p *parameter, value, _ string) (string, error) {
	if slices.Contains(locales, value) {
		return value, nil
	}
	return "", p.invalid(value)
}

// textSearch are the configurations of a new database.
var textSearch = strings.Fields(`arabic armenian basque catalan danish dutch english finnish french german greek hindi
 hungarian indonesian irish italian lithuanian nepali norwegian portuguese romanian russian serbian simple spanish
 swedish tamil turkish yiddish`)

func checkTextSearch(p *parameter, value, _ string) (string, error) {
	if bare := strings.TrimPrefix(value, "pg_catalog."); slices.Contains(textSearch, bare) {
		return "pg_catalog." + bare, nil
	}
	return "", p.invalid(value)
}

func checkTablespaces(p *parameter, value, _ string) (string, error) {
	names, err := parser.SplitIdentifierList(value)
	if err != nil {
		return "", p.invalid(value).WithDetail("List syntax is invalid.")
	}
	for _, name := range names {
		if name != "" && name != "pg_default" && name != "pg_global" {
			return "", sqlstate.Errorf(sqlstate.UndefinedObject, "tablespace \"%s\" does not exist", name)
		}
	}
	return value, nil
}

// dateWords are the key words of DateStyle in upper case, those with * by their
// beginning: the part that they set, and what they set it to.
var dateWords = []struct{ word, part, value string }{
	{"ISO", "style", "ISO"}, {"SQL", "style", "SQL"}, {"POSTGRES*", "style", "Postgres"}, {"GERMAN", "style", "German"},
	{"YMD", "order", "YMD"}, {"DMY", "order", "DMY"}, {"EURO*", "order", "DMY"},
	{"MDY", "order", "MDY"}, {"US", "order", "MDY"}, {"NONEURO*", "order", "MDY"},
}

// checkDateStyle is PostgreSQL's check_datestyle: what a value does not tell stays
// as it is, but GERMAN alone means DMY.
func checkDateStyle(p *parameter, value, now string) (string, error) {
	style, order, _ := strings.Cut(now, ", ")
	words, err := parser.SplitIdentifierList(value)
	if err != nil {
		return "", p.invalid(value).WithDetail("List syntax is invalid.")
	}
	set := map[string]string{}
	assign := func(part, v string) bool {
		old, again := set[part]
		set[part] = v
		return !again || old == v
	}
	for _, word := range words {
		known, agrees := strings.EqualFold(word, "default"), true
		if known { // it counts as nothing given
			defaultStyle, defaultOrder, _ := strings.Cut(p.Default, ", ")
			if _, given := set["style"]; !given {
				style = defaultStyle
			}
			if _, given := set["order"]; !given {
				order = defaultOrder
			}
		}
		for _, w := range dateWords {
			prefix, open := strings.CutSuffix(w.word, "*")
			upper := strings.ToUpper(word)
			if upper == prefix || open && strings.HasPrefix(upper, prefix) {
				known, agrees = true, agrees && assign(w.part, w.value)
			}
		}
		switch {
		case !known:
			return "", p.invalid(value).WithDetail("Unrecognized key word: \"%s\".", word)
		case !agrees:
			return "", p.invalid(value).WithDetail("Conflicting \"datestyle\" specifications.")
		}
	}
	if v, ok := set["style"]; ok {
		style = v
	}
	if v, ok := set["order"]; ok {
		order = v
	} else if set["style"] == "German" {
		order = "DMY"
	}
	return style + ", " + order, nil
}

// checkEncoding compares names as PostgreSQL does: letters and digits only
// (asyncpg sends 'utf-8' with the quotes).
func checkEncoding(p *parameter, value, _ string) (string, error) {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, value)
	switch clean {
	case "utf8", "unicode":
		return "UTF8", nil
	case "sqlascii":
		return "SQL_ASCII", nil
	}
	if slices.Contains(otherEncodings, clean) {
		return "", sqlstate.Errorf(sqlstate.FeatureNotSupported,
			"conversion between %s and UTF8 is not supported", strings.ToUpper(clean)).
			WithHint("seqd speaks UTF8 only: SET client_encoding TO 'UTF8'.")
	}
	return "", p.invalid(value)
}

var otherEncodings = []string{
	"latin1", "latin2", "latin3", "latin4", "latin5", "latin6", "latin7", "latin8", "latin9", "latin10",
	"iso88591", "iso885915", "win1250", "win1251", "win1252", "win1253", "win1254", "win1255", "win1256", "win1257",
	"win1258", "win866", "win874", "koi8r", "koi8u", "eucjp", "euccn", "euckr", "euctw", "eucjis2004", "sjis",
	"shiftjis2004", "big5", "gbk", "gb18030", "uhc", "johab", "muleinternal",
}

func checkList(p *parameter, value, _ string) (string, error) {
	if _, err := parser.SplitIdentifierList(value); err != nil {
		return "", p.invalid(value).WithDetail("List syntax is invalid.")
	}
	return value, nil
}

// cleanASCII keeps printable ASCII and puts a question mark for every other byte,
// as PostgreSQL does with names that end up in logs.
func cleanASCII(_ *parameter, value, _ string) (string, error) {
	clean := []byte(value)
	for i, c := range clean {
		if c < ' ' || c > '~' {
			clean[i] = '?'
		}
	}
	return string(clean), nil
}
