// Package hba is who may connect, and how: pg_hba.conf and pg_ident.conf in
// PostgreSQL 15's own format, read, checked and matched with PostgreSQL's rules and
// texts. It opens no socket, asks no clock and looks up no name: files come through
// a function, and what is to be known of roles and interfaces through Conn.
//
// Methods that seqd does not serve (gss, sspi, pam, ldap, radius, ident, peer) are
// refused when the file is read, in the words of a PostgreSQL that was built without
// them; host names are refused too, where PostgreSQL would ask the DNS.
package hba
