package session

import (
	"strconv"

	"seqd/protocol/pgtypes"
	"seqd/protocol/timezone"
)

// readStyle is what the settings say of the text forms of values.
func (s *Session) readStyle() *pgtypes.Style {
	get := func(name string) string {
		v, _ := s.settings.Get(name)
		return v
	}
	st := *pgtypes.Default
	st.Dates, st.Order = pgtypes.ParseDateStyle(get("datestyle"))
	st.Intervals = get("intervalstyle")
	st.FloatDigits, _ = strconv.Atoi(get("extra_float_digits"))
	st.Escape = get("bytea_output") == "escape"
	if zone, ok := timezone.Find(get("timezone")); ok {
		st.Zone = zone
	}
	st.Now = func() int64 { return pgtypes.FromUnixMicros(s.transactionTime().UnixMicro()).Int() }
	return &st
}
