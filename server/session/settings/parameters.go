package settings

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
)

type kind byte

const (
	text kind = iota
	boolean
	enum
	integer
	real
)

var kinds = map[string]kind{"string": text, "bool": boolean, "enum": enum, "integer": integer, "real": real}

// gucContext is who may change a parameter, by the names of pg_settings.
type gucContext string

const (
	user             gucContext = "user"
	superuser        gucContext = "superuser"
	backend          gucContext = "backend"
	superuserBackend gucContext = "superuser-backend"
	sighup           gucContext = "sighup"
	postmaster       gucContext = "postmaster"
	internal         gucContext = "internal"
)

// parameter is one run-time parameter: a row of pg_settings, and what that does
// not tell.
type parameter struct {
	key         string // Name in lower case
	Name        string // as PostgreSQL spells it
	Default     string // as SHOW prints it
	bootValue   string // what the source of PostgreSQL says, in the base unit
	Description string
	extra       string // longer description
	category    string

	kind             kind
	context          gucContext
	values           []string // enum
	minText, maxText string
	min, max         float64
	unit             string // base unit: ms, s, min, B, kB, 8kB, MB
	restricted       bool   // only superusers and pg_read_all_settings may look at it

	// What follows is in no table of PostgreSQL's.
	aliases    map[string]string // enum: further spellings, and what they mean
	only       string            // the one value that seqd serves
	list       bool              // SET takes several values
	quoted     bool              // … which are names, quoted where need be
	special    hook
	report     bool // sent as ParameterStatus
	unlisted   bool // not in SHOW ALL nor pg_settings
	noResetAll bool
}

// ServerVersion is the PostgreSQL version that seqd behaves as (design: clients
// pick their queries by it).
const (
	ServerVersion    = "15.18"
	ServerVersionNum = "150018"
)

// parametersTSV are the rows of pg_settings of a new PostgreSQL 15: see record_test.go.
//
//go:embed parameters.tsv
var parametersTSV string

var (
	parameters    = map[string]*parameter{}
	sortedKeys    []string
	reportedNames []string
)

func init() {
	for line := range strings.Lines(parametersTSV) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		p := &parameter{
			key: strings.ToLower(f[0]), Name: f[0], kind: kinds[f[1]], context: gucContext(f[2]), category: f[3], unit: f[4],
			Description: f[5], extra: f[6], minText: f[7], maxText: f[8], bootValue: f[10], Default: f[11],
			restricted: f[12] == "t", noResetAll: strings.Contains(f[13], "NO_RESET_ALL"),
		}
		if p.kind == enum {
			p.values = strings.Split(f[9], "|")
		}
		parameters[p.key] = p
	}
	for i := range unlisted {
		p := &unlisted[i]
		p.key, p.unlisted = strings.ToLower(p.Name), true
		parameters[p.key] = p
	}
	for i := range own {
		p := &own[i]
		p.key, p.category, p.bootValue = strings.ToLower(p.Name), "Customized Options", p.Default
		parameters[p.key] = p
	}
	for key, p := range parameters {
		p.min, _ = strconv.ParseFloat(p.minText, 64) // texts have no bounds
		p.max, _ = strconv.ParseFloat(p.maxText, 64)
		p.complete()
		sortedKeys = append(sortedKeys, key)
		if p.report {
			reportedNames = append(reportedNames, key)
		}
	}
	slices.Sort(sortedKeys)
	slices.Sort(reportedNames)
}

// complete adds what the recorded table does not tell.
func (p *parameter) complete() {
	p.special = hooks[p.key]
	p.only = served[p.key]
	p.report = slices.Contains(reported, p.key)
	p.quoted = slices.Contains(nameLists, p.key)
	p.list = p.quoted || slices.Contains(wordLists, p.key)
	if d, ok := ownDefaults[p.key]; ok {
		p.Default = d
	}
	if p.kind == enum {
		p.aliases = enumAliases(p)
	}
}

// unlisted are the parameters that pg_settings leaves out.
var unlisted = []parameter{
	{Name: "default_with_oids", Default: "off", kind: boolean, context: user, Description: "WITH OIDS is no longer supported; this can only be false."},
	{Name: "is_superuser", Default: "on", kind: boolean, context: internal, Description: "Shows whether the current user is a superuser."},
	{Name: "role", Default: "none", context: user, noResetAll: true, Description: "Sets the current role."},
	{Name: "seed", Default: "unavailable", kind: real, context: user, minText: "-1", maxText: "1", noResetAll: true, Description: "Sets the seed for random-number generation."},
	{Name: "session_authorization", context: user, noResetAll: true, Description: "Sets the session user name."},
	{Name: "ssl_renegotiation_limit", Default: "0", kind: integer, minText: "0", maxText: "0", context: user, Description: "SSL renegotiation is no longer supported; this can only be 0."},
}

// own are seqd's parameters, named as those of an extension are.
var own = []parameter{
	{Name: "seqd.max_staleness", Default: "-1", kind: integer, unit: "ms", minText: "-1", maxText: "2147483647", context: user,
		Description: "Sets how old the catalog may be that a node without contact to the leader answers from.",
		extra:       "0 asks the leader before every query that reads the catalog. -1 sets no limit."},
}

// reported are the parameters that PostgreSQL tells clients of (GUC_REPORT).
var reported = []string{
	"application_name", "client_encoding", "datestyle", "default_transaction_read_only", "in_hot_standby",
	"integer_datetimes", "intervalstyle", "is_superuser", "server_encoding", "server_version",
	"session_authorization", "standard_conforming_strings", "timezone",
}

// nameLists and wordLists are the parameters of several values (GUC_LIST_INPUT),
// with and without GUC_LIST_QUOTE.
var (
	nameLists = []string{"local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries", "temp_tablespaces"}
	wordLists = []string{"datestyle", "debug_io_direct", "listen_addresses", "log_destination", "restrict_nonsystem_relation_kind",
		"synchronous_standby_names", "unix_socket_directories", "wal_consistency_checking"}
)

// ownDefaults are where seqd's defaults are not those of a new PostgreSQL.
var ownDefaults = map[string]string{
	"port":               "5433",
	"server_version":     ServerVersion,
	"server_version_num": ServerVersionNum,
	"timezone":           "UTC",
}

// served are the parameters of which another value would have to change what
// seqd does, and does not.
var served = map[string]string{
	"array_nulls":                 "on",
	"exit_on_error":               "off",
	"standard_conforming_strings": "on",
	"transform_null_equals":       "off",
}

// enumAliases are the spellings that PostgreSQL takes and does not list.
func enumAliases(p *parameter) map[string]string {
	aliases := map[string]string{}
	if slices.Contains(p.values, "off") {
		for word, v := range map[string]string{"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"} {
			aliases[word] = v
		}
	}
	if slices.Contains(p.values, "debug2") {
		aliases["debug"] = "debug2"
		if !slices.Contains(p.values, "info") {
			aliases["info"] = "info"
		}
	}
	return aliases
}

// IsList tells whether SET takes several values for a parameter, and whether they
// are names: quoted where need be.
func IsList(name string) (list, quoted bool) {
	p := parameters[strings.ToLower(name)]
	return p != nil && p.list, p != nil && p.quoted
}
