package query

import (
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	register(map[string]envFunc{
		"pg_is_wal_replay_paused":       recoveryState(pgtypes.NewBool(false)),
		"pg_get_wal_replay_pause_state": recoveryState(pgtypes.NewText("not paused")),
	})
}

// recoveryState is what there is to say of a follower alone: it is never paused.
func recoveryState(v value) envFunc {
	return func(f *frame, _ *callExpr, _ []value) (value, error) {
		if in, _ := inRecovery(f, nil, nil); in.Bool() {
			return v, nil
		}
		return value{}, sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "recovery is not in progress").
			WithHint("Recovery control functions can only be executed during recovery.")
	}
}
