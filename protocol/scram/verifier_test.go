package scram

import (
	"bytes"
	"strings"
	"testing"
)

// TestVerifiersOfPostgres: verifiers that PostgreSQL 15 made of these passwords.
func TestVerifiersOfPostgres(t *testing.T) {
	for password, text := range map[string]string{
		"pencil":                         "SCRAM-SHA-256$4096:shVZV1SwRf1SCiP2wScIAQ==$4XETfgHn03q58rjgH1f+JCkspfjaSWZ2m0GbvrR/1JQ=:lOzHjSqPU0KdlvlriQzwitHEJTykHuCQqiQUdA4D+0Q=",
		`a b  "'\`:                       "SCRAM-SHA-256$4096:eSNvMDbPWwC7FUN/khYfPQ==$9kz1Ou3QQ4QIj4q0ZQJNoEYW/H4A/jbgWOM+OgofjDg=:euBQh03hzZ7jI/2TBSZfaFstwTozUoJa/N0AUH7reiY=",
		" ":                              "SCRAM-SHA-256$4096:vGAPbaSYQU2wE7ibo6bsxg==$n8NMMMWiab9U0xQFetNWt+DgtdoWms43NLy/U14u+jY=:nNUedXbTs6G3IlWECXxGZpjsAS+B/UGrWSbp1XM89As=",
		"ªnﬁ":                            "SCRAM-SHA-256$4096:vz7xkdjNCW5/bMNazDJJcw==$fKhVO/HXDBc18VgTkF37g8ahtyvHS78fn3XGI3k8fn0=:/lpfmWiSO5jeIOINEzX+EEA0qxSawcdV7ElzlPfn1K0=",
		"\u0221unassigned":               "SCRAM-SHA-256$4096:t8c7qQZKGM2wXHNfbLqLsg==$zfIt0AbTPhEOgLfxvPEd+3cnLXXrYYhA6AKiZp5PkXg=:L0+KGbbHQkQRCrtukEOQB53fvlXcv5jwz/KqlwgQ/lM=",
		"\u06271":                        "SCRAM-SHA-256$4096:IVtod/k5d+sBZQjRmQppwA==$om1zZwG9uAem/7RdTQvE2nPVhkQoKR1hEJn7DflUAgk=:NVmYeH9xpRKFAKv+xRGWuJz+wj8mynuHRYZanpb6gcY=",
		"p\u00e4ss\u00a0w\u00ad\u2168rd": "SCRAM-SHA-256$4096:eFeh5idgi13TWE0P1InFrg==$aVVTVtg8THsJeAq4S7MwEEOH4oj7wWoUIDTmKY6rCk4=:GF2dwaOYHLe/T1dI5RwPXpo/Kww7aV+sIhmcBx0GFZE=",
	} {
		v, ok := ParseVerifier(text)
		if !ok || v.String() != text {
			t.Errorf("%q: read as %q", text, v)
			continue
		}
		if !v.Matches(password) || v.Matches(password+"x") || v.Matches("") {
			t.Errorf("%q does not fit alone", password)
		}
	}
}

func TestNewVerifier(t *testing.T) {
	a, b := NewVerifier("secret"), NewVerifier("secret")
	if bytes.Equal(a.Salt, b.Salt) || len(a.Salt) != saltLen || a.Iterations != Iterations {
		t.Errorf("%v, %v", a, b)
	}
	again, ok := ParseVerifier(a.String())
	if !ok || !again.Matches("secret") || strings.Contains(a.String(), "secret") {
		t.Error(a)
	}
	a.Iterations = checkMax + 1
	if a.Matches("secret") {
		t.Error("more was computed than may be")
	}
}

func TestParseVerifierRefuses(t *testing.T) {
	good := NewVerifier("x").String()
	for _, text := range []string{
		"", "secret", "md5" + strings.Repeat("0", 32), scheme, scheme + "$", strings.ToLower(good),
		strings.Replace(good, "4096", "", 1), strings.Replace(good, "4096", "0", 1), strings.Replace(good, "4096", "-1", 1),
		strings.Replace(good, "4096", "99999999999", 1), strings.Replace(good, "4096", "4096x", 1),
		good[:len(good)-4], good + "AAAA", good + ":", strings.Replace(good, ":", "$", 1), strings.Replace(good, "4096:", "4096:!", 1),
	} {
		if v, ok := ParseVerifier(text); ok {
			t.Errorf("%q read as %v", text, v)
		}
	}
}

func TestMock(t *testing.T) {
	a, again, b, other := Mock([]byte("k"), "a"), Mock([]byte("k"), "a"), Mock([]byte("k"), "b"), Mock([]byte("l"), "a")
	if !bytes.Equal(a.Salt, again.Salt) || bytes.Equal(a.Salt, b.Salt) || bytes.Equal(a.Salt, other.Salt) {
		t.Error("salts are not one for each name and secret")
	}
	if len(a.Salt) != saltLen || a.Iterations != Iterations || a.Matches("") {
		t.Error(a)
	}
}

func FuzzParseVerifier(f *testing.F) {
	f.Add(NewVerifier("x").String())
	f.Add("SCRAM-SHA-256$1:AA==$AA==:AA==")
	f.Fuzz(func(t *testing.T, text string) {
		if v, ok := ParseVerifier(text); ok {
			if again, ok := ParseVerifier(v.String()); !ok || again.String() != v.String() {
				t.Errorf("%q read as %q", text, v)
			}
		}
	})
}
