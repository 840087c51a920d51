package server

import (
	"crypto/tls"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"
)

// The names are those of `openssl ciphers -s -v`.
func TestCipherNames(t *testing.T) {
	for suite, want := range map[uint16]string{
		tls.TLS_AES_128_GCM_SHA256:                        "TLS_AES_128_GCM_SHA256",
		tls.TLS_CHACHA20_POLY1305_SHA256:                  "TLS_CHACHA20_POLY1305_SHA256",
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256:       "ECDHE-ECDSA-AES128-GCM-SHA256",
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384:         "ECDHE-RSA-AES256-GCM-SHA384",
		tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256:   "ECDHE-RSA-CHACHA20-POLY1305",
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-ECDSA-CHACHA20-POLY1305",
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA:          "ECDHE-ECDSA-AES128-SHA",
		tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA:            "ECDHE-RSA-AES256-SHA",
	} {
		if got := openSSLName(suite); got != want {
			t.Errorf("%s: %s", tls.CipherSuiteName(suite), got)
		}
	}
}

func TestSlashed(t *testing.T) {
	for _, tt := range []struct {
		name pkix.Name
		want string
	}{
		{pkix.Name{CommonName: "joe"}, "/CN=joe"},
		{pkix.Name{CommonName: "joe", Organization: []string{"example"}, Country: []string{"DE"}}, "/C=DE/O=example/CN=joe"},
		{pkix.Name{CommonName: strings.Repeat("é", 40)}, "/CN=" + strings.Repeat("é", 29)},
	} {
		raw, err := asn1.Marshal(tt.name.ToRDNSequence())
		if err != nil {
			t.Fatal(err)
		}
		if got := slashed(raw); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	if slashed([]byte("nonsense")) != "" {
		t.Error("a name of nonsense")
	}
}
