package parser

import "testing"

func TestHidePasswords(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{"SELECT 'password'", "SELECT 'password'"},
		{"SELECT 1", "SELECT 1"},
		{"ALTER ROLE joe PASSWORD 'x'", "ALTER ROLE joe PASSWORD '***'"},
		{"alter role joe encrypted password'x'superuser", "alter role joe encrypted password'***'superuser"},
		{"CREATE ROLE a PassWord /* 'no' */ E'x\\'y' LOGIN; SELECT 'z'", "CREATE ROLE a PassWord /* 'no' */ '***' LOGIN; SELECT 'z'"},
		{"ALTER ROLE a PASSWORD $$x$$; ALTER ROLE b PASSWORD $q$y$q$", "ALTER ROLE a PASSWORD '***'; ALTER ROLE b PASSWORD '***'"},
		{"ALTER ROLE a PASSWORD U&'x'", "ALTER ROLE a PASSWORD '***'"},
		{"ALTER ROLE a PASSWORD 'x'\n'y'", "ALTER ROLE a PASSWORD '***'"},
		{"ALTER ROLE a PASSWORD NULL", "ALTER ROLE a PASSWORD NULL"},
		{"ALTER ROLE a PASSWORD -- 'x'\n'y'", "ALTER ROLE a PASSWORD -- 'x'\n'***'"},
		{"ALTER ROLE \"password\" PASSWORD 'x'", "ALTER ROLE \"password\" PASSWORD '***'"},
		{"ALTER ROLE a PASSWORD 'x", "ALTER ROLE a PASSWORD '***'"},
		{"ALTER ROLE a PASSWORD E'\\", "ALTER ROLE a PASSWORD '***'"},
		{"ALTER ROLE ä PASSWORD 'ö' 'x'", "ALTER ROLE ä PASSWORD '***' 'x'"},
		{"ALTER ROLE a PASSWORD 'x' \xff", hidden},
		{"", ""},
	} {
		if got := HidePasswords(tt.src); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.src, got, tt.want)
		}
	}
}
