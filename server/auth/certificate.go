package auth

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"

	"seqd/protocol/wire"
	"seqd/server/hba"
)

var commonName = asn1.ObjectIdentifier{2, 5, 4, 3}

// certificate is CheckCertAuth: the certificate, which TLS has verified, must be the
// user's own, by its name or by a map.
func (c *conversation) certificate(maps *hba.Mappings, t *wire.TLS) error {
	name := subject(t.PeerCertificates[0].RawSubject, c.rule.ByDN)
	if name == "" {
		return c.failed("client certificate contains no user name")
	}
	if ok, why := maps.Allows(c.rule.Map, c.client.Startup.User, name); !ok {
		return c.failed(why)
	}
	return nil
}

// subject is a certificate's common name, or the whole of its subject as in RFC 2253.
// A NUL in a name is for those who read it as C does: such a certificate has none.
func subject(raw []byte, dn bool) string {
	var rdns pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &rdns); err != nil || len(rest) > 0 {
		return ""
	}
	name := ""
	if dn {
		name = rdns.String()
	} else {
		for _, rdn := range rdns {
			for _, attribute := range rdn {
				if text, ok := attribute.Value.(string); ok && name == "" && attribute.Type.Equal(commonName) {
					name = text
				}
			}
		}
	}
	if strings.ContainsRune(name, 0) {
		return ""
	}
	return name
}
