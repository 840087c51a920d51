package parser

import (
	"slices"
	"strings"
)

// keywordClass tells where a key word may stand as a name (gram.y's four lists).
type keywordClass byte

const (
	unreserved keywordClass = iota // any name
	colName                        // a column or table name, not a function or type
	typeFunc                       // a function or type name, not a column or table
	reserved                       // a label after AS only
)

// keyword is one entry of PostgreSQL's kwlist.h.
type keyword struct {
	name  string
	class keywordClass
	bare  bool // may be a column label without AS
}

// The lists are what pg_get_keywords() of PostgreSQL 15 answers.
const reservedWords = `
all analyse analyze and any array as asc asymmetric both case cast check collate column constraint
create current_catalog current_date current_role current_time current_timestamp current_user default
deferrable desc distinct do else end except false fetch for foreign from grant group having in
initially intersect into lateral leading limit localtime localtimestamp not null offset on only or
order placing primary references returning select session_user some symmetric table then to trailing
true union unique user using variadic when where window with`

const typeFuncWords = `
authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull
join left like natural notnull outer overlaps right similar tablesample verbose`

const colNameWords = `
between bigint bit boolean char character coalesce dec decimal exists extract float greatest
grouping inout int integer interval least national nchar none normalize nullif numeric out overlay
position precision real row setof smallint substring time timestamp treat trim values varchar
xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
xmlserialize xmltable`

const unreservedWords = `
abort absolute access action add admin after aggregate also alter always asensitive assertion
assignment at atomic attach attribute backward before begin breadth by cache call called cascade
cascaded catalog chain characteristics checkpoint class close cluster columns comment comments
commit committed compression configuration conflict connection constraints content continue
conversion copy cost csv cube current cursor cycle data database day deallocate declare defaults
deferred definer delete delimiter delimiters depends depth detach dictionary disable discard
document domain double drop each enable encoding encrypted enum escape event exclude excluding
exclusive execute explain expression extension external family filter finalize first following force
forward function functions generated global granted groups handler header hold hour identity if
immediate immutable implicit import include including increment index indexes inherit inherits
inline input insensitive insert instead invoker isolation key label language large last leakproof
level listen load local location lock locked logged mapping match matched materialized maxvalue
merge method minute minvalue mode month move name names new next nfc nfd nfkc nfkd no normalized
nothing notify nowait nulls object of off oids old operator option options ordinality others over
overriding owned owner parallel parameter parser partial partition passing password plans policy
preceding prepare prepared preserve prior privileges procedural procedure procedures program
publication quote range read reassign recheck recursive ref referencing refresh reindex relative
release rename repeatable replace replica reset restart restrict return returns revoke role rollback
rollup routine routines rows rule savepoint schema schemas scroll search second security sequence
sequences serializable server session set sets share show simple skip snapshot sql stable standalone
start statement statistics stdin stdout storage stored strict strip subscription support sysid
system tables tablespace temp template temporary text ties transaction transform trigger truncate
trusted type types uescape unbounded uncommitted unencrypted unknown unlisten unlogged until update
vacuum valid validate validator value varying version view views volatile whitespace within without
work wrapper write xml year yes zone`

// asLabelWords can be column labels after AS only.
const asLabelWords = `
array as char character create day except fetch filter for from grant group having hour intersect
into isnull limit minute month notnull offset on order over overlaps precision returning second to
union varying where window with within without year`

// keywordTable holds all key words in alphabetical order: keywordTable[k-firstKeyword]
// is that of kind k.
var keywordTable = buildKeywords()

// maxKeywordLen is the length of the longest key word; nothing longer is looked up.
const maxKeywordLen = len("current_timestamp")

var keywordKinds = func() map[string]kind {
	m := make(map[string]kind, len(keywordTable))
	for i, k := range keywordTable {
		m[k.name] = firstKeyword + kind(i)
	}
	return m
}()

func buildKeywords() []keyword {
	var all []keyword
	for class, words := range map[keywordClass]string{
		reserved: reservedWords, typeFunc: typeFuncWords, colName: colNameWords, unreserved: unreservedWords,
	} {
		for _, w := range strings.Fields(words) {
			all = append(all, keyword{name: w, class: class, bare: true})
		}
	}
	slices.SortFunc(all, func(a, b keyword) int { return strings.Compare(a.name, b.name) })
	for _, w := range strings.Fields(asLabelWords) {
		i, _ := slices.BinarySearchFunc(all, w, func(k keyword, w string) int { return strings.Compare(k.name, w) })
		all[i].bare = false
	}
	return all
}

func (k kind) isKeyword() bool { return k >= firstKeyword }

// word is the entry of a key word's kind.
func (k kind) word() *keyword { return &keywordTable[k-firstKeyword] }

// Keyword is a key word as pg_get_keywords shows it.
type Keyword struct {
	Word      string
	Class     byte // U, C, T or R
	BareLabel bool
}

// Keywords are all key words, in alphabetical order.
func Keywords() []Keyword {
	list := make([]Keyword, len(keywordTable))
	for i, k := range keywordTable {
		list[i] = Keyword{Word: k.name, Class: "UCTR"[k.class], BareLabel: k.bare}
	}
	return list
}
