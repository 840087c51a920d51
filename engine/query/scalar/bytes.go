package scalar

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	add(map[string]Func{
		"binary_encode": encode,
		"binary_decode": decode,
		"bytea_substr": func(a []Value) (Value, error) {
			return byteSubstr(a[0].Text(), a[1].Int(), a[2].Int(), true)
		},
		"bytea_substr_no_len": func(a []Value) (Value, error) { return byteSubstr(a[0].Text(), a[1].Int(), 0, false) },
		"pg_convert_to":       func(a []Value) (Value, error) { return a[0], needUTF8(a[1].Text()) },
		"pg_convert_from": func(a []Value) (Value, error) {
			if err := needUTF8(a[1].Text()); err != nil {
				return Value{}, err
			}
			return pgtypes.ParseBinary(pgtypes.Text, []byte(a[0].Text()))
		},
	})
}

func needUTF8(name string) error {
	switch strings.ToUpper(strings.ReplaceAll(name, "-", "")) {
	case "UTF8", "UNICODE":
		return nil
	}
	return sqlstate.Errorf(sqlstate.FeatureNotSupported, `conversion to or from encoding "%s" is not supported`, name)
}

func encode(a []Value) (Value, error) {
	b := []byte(a[0].Text())
	switch strings.ToLower(a[1].Text()) {
	case "hex":
		return text(hex.EncodeToString(b))
	case "base64":
		s := base64.StdEncoding.EncodeToString(b)
		var out strings.Builder
		for len(s) > 76 { // lines of 76 characters, as in MIME
			out.WriteString(s[:76] + "\n")
			s = s[76:]
		}
		return text(out.String() + s)
	case "escape":
		var out strings.Builder
		for _, c := range b {
			switch {
			case c == 0 || c >= 0x80:
				out.WriteString(`\` + string([]byte{'0' + c>>6, '0' + c>>3&7, '0' + c&7}))
			case c == '\\':
				out.WriteString(`\\`)
			default:
				out.WriteByte(c)
			}
		}
		return text(out.String())
	}
	return Value{}, unknownEncoding(a[1].Text())
}

func unknownEncoding(name string) error {
	return sqlstate.Errorf(sqlstate.InvalidParameterValue, `unrecognized encoding: "%s"`, name)
}

func decode(a []Value) (Value, error) {
	s := a[0].Text()
	switch strings.ToLower(a[1].Text()) {
	case "hex":
		return pgtypes.ParseText(pgtypes.Bytea, `\x`+s)
	case "base64":
		b, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\n", "", "\r", "", " ", "", "\t", "").Replace(s))
		if err != nil {
			return Value{}, sqlstate.New(sqlstate.InvalidParameterValue, "invalid base64 end sequence").
				WithHint("Input data is missing padding, is truncated, or is otherwise corrupted.")
		}
		return pgtypes.NewBytes(b), nil
	case "escape":
		return pgtypes.ParseText(pgtypes.Bytea, s)
	}
	return Value{}, unknownEncoding(a[1].Text())
}

func byteSubstr(s string, start, n int64, limited bool) (Value, error) {
	end := int64(len(s)) + 1
	if limited {
		if n < 0 {
			return Value{}, sqlstate.New(sqlstate.SubstringError, "negative substring length not allowed")
		}
		end = min(end, start+n)
	}
	start = max(start, 1)
	if end <= start || start > int64(len(s)) {
		return text("")
	}
	return text(s[start-1 : end-1])
}
