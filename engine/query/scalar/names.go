package scalar

import (
	"strconv"

	"seqd/protocol/pgtypes"
)

func init() {
	add(map[string]Func{
		// nameconcatoid makes names that differ where names alone do not.
		"nameconcatoid": func(a []Value) (Value, error) {
			suffix := "_" + strconv.FormatUint(uint64(a[1].OID()), 10)
			return text(pgtypes.ClipName(a[0].Text()[:min(len(a[0].Text()), 63-len(suffix))]) + suffix)
		},
	})
}
