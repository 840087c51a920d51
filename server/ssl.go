package server

import (
	"crypto/tls"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strings"
)

// SSL is a row of pg_stat_ssl without its process ID. Empty texts are NULL.
type SSL struct {
	Version, Cipher                  string // as in TLSv1.3, TLS_AES_128_GCM_SHA256
	Bits                             int
	ClientDN, ClientSerial, IssuerDN string
}

// SSL tells how the client's connection is encrypted; false: not at all.
func (c *Client) SSL() (SSL, bool) {
	t := c.Conn.TLS()
	if t == nil {
		return SSL{}, false
	}
	s := SSL{Version: "TLSv1.2", Cipher: openSSLName(t.CipherSuite), Bits: 256}
	if t.Version == tls.VersionTLS13 {
		s.Version = "TLSv1.3"
	}
	if strings.Contains(s.Cipher, "AES128") || strings.Contains(s.Cipher, "AES_128") {
		s.Bits = 128
	}
	if len(t.PeerCertificates) > 0 {
		cert := t.PeerCertificates[0]
		s.ClientDN, s.IssuerDN, s.ClientSerial = slashed(cert.RawSubject), slashed(cert.RawIssuer), cert.SerialNumber.String()
	}
	return s, true
}

// openSSLName is what PostgreSQL calls a cipher. TLS 1.3 has one name for each;
// before, OpenSSL has its own.
func openSSLName(suite uint16) string {
	name := tls.CipherSuiteName(suite)
	key, cipher, ok := strings.Cut(strings.TrimPrefix(name, "TLS_"), "_WITH_")
	if !ok {
		return name
	}
	cipher = strings.TrimSuffix(strings.Replace(cipher, "AES_", "AES", 1), "_POLY1305_SHA256")
	if strings.HasPrefix(cipher, "CHACHA20") {
		cipher += "_POLY1305"
	}
	cipher = strings.Replace(cipher, "_CBC", "", 1)
	return strings.ReplaceAll(key+"-"+cipher, "_", "-")
}

// shortNames are OpenSSL's for what stands in names.
var shortNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST",
	"2.5.4.9": "street", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "title", "2.5.4.42": "GN",
	"0.9.2342.19200300.100.1.1": "UID", "0.9.2342.19200300.100.1.25": "DC", "1.2.840.113549.1.9.1": "emailAddress",
}

// slashed is a name in OpenSSL's old form, /O=example/CN=joe, cut to what a column of
// type name holds (X509_NAME_to_cstring).
func slashed(raw []byte) string {
	var rdns pkix.RDNSequence
	if _, err := asn1.Unmarshal(raw, &rdns); err != nil {
		return ""
	}
	var b strings.Builder
	for _, rdn := range rdns {
		for _, attribute := range rdn {
			name := attribute.Type.String()
			if short := shortNames[name]; short != "" {
				name = short
			}
			fmt.Fprintf(&b, "/%s=%v", name, attribute.Value)
		}
	}
	return strings.ToValidUTF8(b.String()[:min(b.Len(), 63)], "")
}
