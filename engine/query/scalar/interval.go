package scalar

import "seqd/protocol/sqlstate"

var intervalOutOfRange = sqlstate.New(sqlstate.DatetimeFieldOverflow, "interval out of range")
