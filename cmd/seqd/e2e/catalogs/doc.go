// Package catalogs keeps engine/query/builtin/recorded true: the system catalogs
// as PostgreSQL 15 has them after initdb. Its test compares the files with a
// PostgreSQL where one is installed, and with -rewrite records them anew
// (make generate).
package catalogs
