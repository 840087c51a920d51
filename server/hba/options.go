package hba

import "strings"

// optionsOf are the options of methods that seqd does not serve: the methods that
// each is for, as the error about it names them.
var optionsOf = map[string]string{
	"pamservice": "pam", "pam_use_hostname": "pam",
	"ldapurl": "ldap", "ldaptls": "ldap", "ldapscheme": "ldap", "ldapserver": "ldap", "ldapport": "ldap",
	"ldapbinddn": "ldap", "ldapbindpasswd": "ldap", "ldapsearchattribute": "ldap", "ldapsearchfilter": "ldap",
	"ldapbasedn": "ldap", "ldapprefix": "ldap", "ldapsuffix": "ldap",
	"krb_realm": "gssapi and sspi", "include_realm": "gssapi and sspi",
	"compat_realm": "sspi", "upn_username": "sspi",
	"radiusservers": "radius", "radiusports": "radius", "radiussecrets": "radius", "radiusidentifiers": "radius",
}

// option reads name=value after the method (parse_hba_auth_opt).
func (p *ruleParser) option(text string) {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		p.fail("authentication option not in name=value format: %s", text)
		return
	}
	switch name {
	case "map":
		if p.rule.Method != Cert {
			p.onlyFor(name, "ident, peer, gssapi, sspi, and cert")
		}
		p.rule.Map = value
	case "clientcert":
		p.clientCert(value)
	case "clientname":
		p.clientName(value)
	default:
		if methods := optionsOf[name]; methods != "" {
			p.onlyFor(name, methods)
		} else {
			p.fail(`unrecognized authentication option name: "%s"`, name)
		}
	}
}

func (p *ruleParser) onlyFor(option, methods string) {
	p.fail(`authentication option "%s" is only valid for authentication methods %s`, option, methods)
}

func (p *ruleParser) clientCert(value string) {
	switch {
	case p.rule.Type != HostSSL:
		p.fail(`clientcert can only be configured for "hostssl" rows`)
	case value == string(VerifyCA) && p.rule.Method == Cert:
		p.fail(`clientcert can only be set to "verify-full" when using "cert" authentication`)
	case value == string(VerifyCA) || value == string(VerifyFull):
		p.rule.ClientCert = CertCheck(value)
	default:
		p.fail(`invalid value for clientcert: "%s"`, value)
	}
}

func (p *ruleParser) clientName(value string) {
	switch {
	case p.rule.Type != HostSSL:
		p.fail(`clientname can only be configured for "hostssl" rows`)
	case value == "CN" || value == "DN":
		p.rule.ByDN = value == "DN"
	default:
		p.fail(`invalid value for clientname: "%s"`, value)
	}
}
