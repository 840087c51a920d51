package query

import (
	"strings"

	"seqd/engine"
	"seqd/protocol/pgtypes"
)

// AdvisoryRequest says how an advisory lock is wanted.
type AdvisoryRequest struct {
	Shared      bool
	Try         bool
	Transaction bool // until the end of the transaction
}

func init() {
	list := map[string]envFunc{
		"pg_advisory_unlock_all": func(f *frame, _ *callExpr, _ []value) (value, error) {
			f.s.AdvisoryUnlockAll()
			return pgtypes.NewText(""), nil
		},
	}
	for _, arguments := range []string{"int8", "int4"} {
		for _, shared := range []string{"", "shared_"} {
			for _, name := range []string{"pg_advisory_lock_", "pg_advisory_xact_lock_", "pg_try_advisory_lock_", "pg_try_advisory_xact_lock_"} {
				list[name+shared+arguments] = advisoryLock(AdvisoryRequest{
					Shared: shared != "", Try: strings.Contains(name, "try"), Transaction: strings.Contains(name, "xact"),
				})
			}
			list["pg_advisory_unlock_"+shared+arguments] = advisoryUnlock(shared != "")
		}
	}
	register(list)
}

// advisoryKey is the key that one bigint or two integers name.
func advisoryKey(s Session, a []value) engine.LockKey {
	key := engine.LockKey{Class: engine.LockAdvisory, Database: s.Database().OID, Number: uint64(a[0].Int())}
	if len(a) == 2 {
		key.Class = engine.LockAdvisoryPair
		key.Number = uint64(uint32(a[0].Int()))<<32 | uint64(uint32(a[1].Int()))
	}
	return key
}

func advisoryLock(r AdvisoryRequest) envFunc {
	return func(f *frame, _ *callExpr, a []value) (value, error) {
		got, err := f.s.AdvisoryLock(advisoryKey(f.s, a), r)
		switch {
		case err != nil:
			return value{}, err
		case r.Try:
			return pgtypes.NewBool(got), nil
		}
		return pgtypes.NewText(""), nil
	}
}

func advisoryUnlock(shared bool) envFunc {
	return func(f *frame, _ *callExpr, a []value) (value, error) {
		return pgtypes.NewBool(f.s.AdvisoryUnlock(advisoryKey(f.s, a), shared)), nil
	}
}
