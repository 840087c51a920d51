// Package bench tests `seqd bench`, and the driver in it, against seqd, PostgreSQL and
// servers that do nothing.
package bench
