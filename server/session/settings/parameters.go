package settings

import (
	"math"
	"slices"
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

// context is who may change a parameter, PostgreSQL's GucContext.
type context byte

const (
	user context = iota
	sighup
	postmaster
	internal
)

// parameter is one run-time parameter.
type parameter struct {
	key         string // Name in lower case
	Name        string // as PostgreSQL spells it
	Default     string // as SHOW prints it
	Description string

	kind     kind
	context  context
	values   []string // enum
	hidden   []string // enum: accepted, not listed in the hint
	only     string   // boolean: the one value that seqd serves
	min, max int64
	unit     unit
	special  func(p *parameter, value string) (string, error)

	report     bool // sent as ParameterStatus
	noShowAll  bool
	noResetAll bool
}

// ServerVersion is the PostgreSQL version that seqd behaves as (design: clients
// pick their queries by it).
const (
	ServerVersion    = "15.18"
	ServerVersionNum = "150018"
)

var (
	parameters    = map[string]*parameter{}
	sortedKeys    []string
	reportedNames []string
)

func init() {
	for i := range table {
		p := &table[i]
		p.key = strings.ToLower(p.Name)
		parameters[p.key] = p
		sortedKeys = append(sortedKeys, p.key)
		if p.report {
			reportedNames = append(reportedNames, p.key)
		}
	}
	slices.Sort(sortedKeys)
	slices.Sort(reportedNames)
}

var (
	isolationLevels = []string{"serializable", "repeatable read", "read committed", "read uncommitted"}
	messageLevels   = []string{"debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error"}
)

// table lists the parameters of PostgreSQL 15 that clients, drivers and tools
// are known to set or read, with its defaults. Those that steer a planner or a
// storage that seqd does not have are accepted and kept, as they change no answer.
var table = []parameter{
	{Name: "application_name", special: cleanASCII, Description: "Sets the application name to be reported in statistics and logs.", report: true},
	{Name: "backslash_quote", Default: "safe_encoding", kind: enum, values: []string{"safe_encoding", "on", "off"}, Description: "Sets whether \"\\'\" is allowed in string literals."},
	{Name: "block_size", Default: "8192", kind: integer, max: math.MaxInt32, context: internal, Description: "Shows the size of a disk block."},
	{Name: "bytea_output", Default: "hex", kind: enum, values: []string{"escape", "hex"}, Description: "Sets the output format for bytea."},
	{Name: "check_function_bodies", Default: "on", kind: boolean, Description: "Check routine bodies during CREATE FUNCTION and CREATE PROCEDURE."},
	{Name: "client_encoding", Default: "UTF8", special: checkEncoding, report: true, Description: "Sets the client's character set encoding."},
	{Name: "client_connection_check_interval", Default: "0", kind: integer, max: math.MaxInt32, unit: unitMS, Description: "Sets the time interval between checks for disconnection while running queries."},
	{Name: "client_min_messages", Default: "notice", kind: enum, values: messageLevels, hidden: []string{"debug", "info"}, Description: "Sets the message levels that are sent to the client."},
	{Name: "cpu_tuple_cost", Default: "0.01", kind: real, max: math.MaxInt64, Description: "Sets the planner's estimate of the cost of processing each tuple (row)."},
	{Name: "data_checksums", Default: "off", kind: boolean, context: internal, Description: "Shows whether data checksums are turned on for this cluster."},
	{Name: "DateStyle", Default: "ISO, MDY", special: checkDateStyle, report: true, Description: "Sets the display format for date and time values."},
	{Name: "deadlock_timeout", Default: "1s", kind: integer, min: 1, max: math.MaxInt32, unit: unitMS, Description: "Sets the time to wait on a lock before checking for deadlock."},
	{Name: "default_table_access_method", Default: "heap", Description: "Sets the default table access method for new tables."},
	{Name: "default_tablespace", Description: "Sets the default tablespace to create tables and indexes in."},
	{Name: "default_text_search_config", Default: "pg_catalog.simple", Description: "Sets default text search configuration."},
	{Name: "default_toast_compression", Default: "pglz", kind: enum, values: []string{"pglz", "lz4"}, Description: "Sets the default compression method for compressible values."},
	{Name: "default_transaction_deferrable", Default: "off", kind: boolean, Description: "Sets the default deferrable status of new transactions."},
	{Name: "default_transaction_isolation", Default: "read committed", kind: enum, values: isolationLevels, Description: "Sets the transaction isolation level of each new transaction."},
	{Name: "default_transaction_read_only", Default: "off", kind: boolean, report: true, Description: "Sets the default read-only status of new transactions."},
	{Name: "effective_cache_size", Default: "4GB", kind: integer, min: 1, max: math.MaxInt32, unit: unitKB, Description: "Sets the planner's assumption about the total size of the data caches."},
	{Name: "enable_bitmapscan", Default: "on", kind: boolean, Description: "Enables the planner's use of bitmap-scan plans."},
	{Name: "enable_hashagg", Default: "on", kind: boolean, Description: "Enables the planner's use of hashed aggregation plans."},
	{Name: "enable_hashjoin", Default: "on", kind: boolean, Description: "Enables the planner's use of hash join plans."},
	{Name: "enable_indexonlyscan", Default: "on", kind: boolean, Description: "Enables the planner's use of index-only-scan plans."},
	{Name: "enable_indexscan", Default: "on", kind: boolean, Description: "Enables the planner's use of index-scan plans."},
	{Name: "enable_material", Default: "on", kind: boolean, Description: "Enables the planner's use of materialization."},
	{Name: "enable_mergejoin", Default: "on", kind: boolean, Description: "Enables the planner's use of merge join plans."},
	{Name: "enable_nestloop", Default: "on", kind: boolean, Description: "Enables the planner's use of nested-loop join plans."},
	{Name: "enable_seqscan", Default: "on", kind: boolean, Description: "Enables the planner's use of sequential-scan plans."},
	{Name: "enable_sort", Default: "on", kind: boolean, Description: "Enables the planner's use of explicit sort steps."},
	{Name: "escape_string_warning", Default: "on", kind: boolean, Description: "Warn about backslash escapes in ordinary string literals."},
	{Name: "extra_float_digits", Default: "1", kind: integer, min: -15, max: 3, Description: "Sets the number of digits displayed for floating-point values."},
	{Name: "force_parallel_mode", Default: "off", kind: enum, values: []string{"off", "on", "regress"}, Description: "Forces use of parallel query facilities."},
	{Name: "geqo", Default: "on", kind: boolean, Description: "Enables genetic query optimization."},
	{Name: "gin_fuzzy_search_limit", Default: "0", kind: integer, max: math.MaxInt32, Description: "Sets the maximum allowed result for exact search by GIN."},
	{Name: "idle_in_transaction_session_timeout", Default: "0", kind: integer, max: math.MaxInt32, unit: unitMS, Description: "Sets the maximum allowed idle time between queries, when in a transaction."},
	{Name: "idle_session_timeout", Default: "0", kind: integer, max: math.MaxInt32, unit: unitMS, Description: "Sets the maximum allowed idle time between queries, when not in a transaction."},
	{Name: "in_hot_standby", Default: "off", kind: boolean, context: internal, report: true, Description: "Shows whether hot standby is currently active."},
	{Name: "integer_datetimes", Default: "on", kind: boolean, context: internal, report: true, Description: "Shows whether datetimes are integer based."},
	{Name: "IntervalStyle", Default: "postgres", kind: enum, values: []string{"postgres", "postgres_verbose", "sql_standard", "iso_8601"}, report: true, Description: "Sets the display format for interval values."},
	{Name: "is_superuser", Default: "on", kind: boolean, context: internal, report: true, noShowAll: true, Description: "Shows whether the current user is a superuser."},
	{Name: "jit", Default: "on", kind: boolean, Description: "Allow JIT compilation."},
	{Name: "join_collapse_limit", Default: "8", kind: integer, min: 1, max: math.MaxInt32, Description: "Sets the FROM-list size beyond which JOIN constructs are not flattened."},
	{Name: "lc_collate", Default: "C", context: internal, Description: "Shows the collation order locale."},
	{Name: "lc_ctype", Default: "C", context: internal, Description: "Shows the character classification and case conversion locale."},
	{Name: "lc_messages", Default: "C", Description: "Sets the language in which messages are displayed."},
	{Name: "lc_monetary", Default: "C", Description: "Sets the locale for formatting monetary amounts."},
	{Name: "lc_numeric", Default: "C", Description: "Sets the locale for formatting numbers."},
	{Name: "lc_time", Default: "C", Description: "Sets the locale for formatting date and time values."},
	{Name: "lock_timeout", Default: "0", kind: integer, max: math.MaxInt32, unit: unitMS, Description: "Sets the maximum allowed duration of any wait for a lock."},
	{Name: "log_min_duration_statement", Default: "-1", kind: integer, min: -1, max: math.MaxInt32, unit: unitMS, Description: "Sets the minimum execution time above which all statements will be logged."},
	{Name: "log_statement", Default: "none", kind: enum, values: []string{"none", "ddl", "mod", "all"}, Description: "Sets the type of statements logged."},
	{Name: "maintenance_work_mem", Default: "64MB", kind: integer, min: 1024, max: math.MaxInt32, unit: unitKB, Description: "Sets the maximum memory to be used for maintenance operations."},
	{Name: "max_connections", Default: "100", kind: integer, min: 1, max: 262143, context: postmaster, Description: "Sets the maximum number of concurrent connections."},
	{Name: "max_identifier_length", Default: "63", kind: integer, max: 63, context: internal, Description: "Shows the maximum identifier length."},
	{Name: "max_index_keys", Default: "32", kind: integer, max: 32, context: internal, Description: "Shows the maximum number of index keys."},
	{Name: "max_parallel_workers_per_gather", Default: "2", kind: integer, max: 1024, Description: "Sets the maximum number of parallel processes per executor node."},
	{Name: "max_stack_depth", Default: "2MB", kind: integer, min: 100, max: math.MaxInt32, unit: unitKB, Description: "Sets the maximum stack depth, in kilobytes."},
	{Name: "password_encryption", Default: "scram-sha-256", kind: enum, values: []string{"md5", "scram-sha-256"}, Description: "Chooses the algorithm for encrypting passwords."},
	{Name: "plan_cache_mode", Default: "auto", kind: enum, values: []string{"auto", "force_generic_plan", "force_custom_plan"}, Description: "Controls the planner's selection of custom or generic plan."},
	{Name: "port", Default: "5433", kind: integer, min: 1, max: 65535, context: postmaster, Description: "Sets the TCP port the server listens on."},
	{Name: "quote_all_identifiers", Default: "off", kind: boolean, Description: "When generating SQL fragments, quote all identifiers."},
	{Name: "random_page_cost", Default: "4", kind: real, max: math.MaxInt64, Description: "Sets the planner's estimate of the cost of a nonsequentially fetched disk page."},
	{Name: "role", Default: "none", noShowAll: true, Description: "Sets the current role."},
	{Name: "row_security", Default: "on", kind: boolean, Description: "Enable row security."},
	{Name: "search_path", Default: "\"$user\", public", special: checkSearchPath, Description: "Sets the schema search order for names that are not schema-qualified."},
	{Name: "seq_page_cost", Default: "1", kind: real, max: math.MaxInt64, Description: "Sets the planner's estimate of the cost of a sequentially fetched disk page."},
	{Name: "server_encoding", Default: "UTF8", context: internal, report: true, Description: "Shows the server (database) character set encoding."},
	{Name: "server_version", Default: ServerVersion, context: internal, report: true, Description: "Shows the server version."},
	{Name: "server_version_num", Default: ServerVersionNum, kind: integer, max: math.MaxInt32, context: internal, Description: "Shows the server version as an integer."},
	{Name: "session_authorization", context: internal, report: true, noShowAll: true, noResetAll: true, Description: "Sets the session user name."},
	{Name: "session_replication_role", Default: "origin", kind: enum, values: []string{"origin", "replica", "local"}, Description: "Sets the session's behavior for triggers and rewrite rules."},
	{Name: "shared_buffers", Default: "128MB", kind: integer, min: 16, max: math.MaxInt32, unit: unitKB, context: postmaster, Description: "Sets the number of shared memory buffers used by the server."},
	{Name: "ssl", Default: "off", kind: boolean, context: sighup, Description: "Enables SSL connections."},
	{Name: "standard_conforming_strings", Default: "on", kind: boolean, only: "on", report: true, Description: "Causes '...' strings to treat backslashes literally."},
	{Name: "statement_timeout", Default: "0", kind: integer, max: math.MaxInt32, unit: unitMS, Description: "Sets the maximum allowed duration of any statement."},
	{Name: "synchronize_seqscans", Default: "on", kind: boolean, Description: "Enable synchronized sequential scans."},
	{Name: "synchronous_commit", Default: "on", kind: enum, values: []string{"local", "remote_write", "remote_apply", "on", "off"}, hidden: []string{"true", "false", "yes", "no", "1", "0"}, Description: "Sets the current transaction's synchronization level."},
	{Name: "temp_buffers", Default: "8MB", kind: integer, min: 100, max: math.MaxInt32, unit: unitKB, Description: "Sets the maximum number of temporary buffers used by each session."},
	{Name: "temp_tablespaces", Description: "Sets the tablespace(s) to use for temporary tables and sort files."},
	{Name: "TimeZone", Default: "UTC", special: checkTimeZone, report: true, Description: "Sets the time zone for displaying and interpreting time stamps."},
	{Name: "timezone_abbreviations", Default: "Default", Description: "Selects a file of time zone abbreviations."},
	{Name: "transaction_deferrable", Default: "off", kind: boolean, noResetAll: true, Description: "Whether to defer a read-only serializable transaction until it can be executed with no possible serialization failures."},
	{Name: "transaction_isolation", Default: "read committed", kind: enum, values: isolationLevels, noResetAll: true, Description: "Sets the current transaction's isolation level."},
	{Name: "transaction_read_only", Default: "off", kind: boolean, noResetAll: true, Description: "Sets the current transaction's read-only status."},
	{Name: "transform_null_equals", Default: "off", kind: boolean, only: "off", Description: "Treats \"expr=NULL\" as \"expr IS NULL\"."},
	{Name: "vacuum_cost_delay", Default: "0", kind: real, max: 100, Description: "Vacuum cost delay in milliseconds."},
	{Name: "wal_level", Default: "replica", kind: enum, values: []string{"minimal", "replica", "logical"}, context: postmaster, Description: "Sets the level of information written to the WAL."},
	{Name: "work_mem", Default: "4MB", kind: integer, min: 64, max: math.MaxInt32, unit: unitKB, Description: "Sets the maximum memory to be used for query workspaces."},
	{Name: "xmlbinary", Default: "base64", kind: enum, values: []string{"base64", "hex"}, Description: "Sets how binary values are to be encoded in XML."},
	{Name: "xmloption", Default: "content", kind: enum, values: []string{"content", "document"}, Description: "Sets whether XML data in implicit parsing and serialization operations is to be considered as documents or content fragments."},
}
