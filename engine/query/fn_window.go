package query

import (
	"cmp"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// windowFunctions by pg_proc.prosrc compute one row of a partition.
var windowFunctions = map[string]func(p *windowPartition, i int) (value, error){
	"window_row_number": func(_ *windowPartition, i int) (value, error) { return pgtypes.NewInt(int64(i) + 1), nil },
	"window_rank":       func(p *windowPartition, i int) (value, error) { return pgtypes.NewInt(int64(p.peerFrom[i]) + 1), nil },
	"window_dense_rank": func(p *windowPartition, i int) (value, error) { return pgtypes.NewInt(int64(p.group[i]) + 1), nil },
	"window_percent_rank": func(p *windowPartition, i int) (value, error) {
		if len(p.rows) < 2 {
			return pgtypes.NewFloat(0), nil
		}
		return pgtypes.NewFloat(float64(p.peerFrom[i]) / float64(len(p.rows)-1)), nil
	},
	"window_cume_dist": func(p *windowPartition, i int) (value, error) {
		return pgtypes.NewFloat(float64(p.peerTo[i]) / float64(len(p.rows))), nil
	},
	"window_ntile":                        ntile,
	"window_lag":                          func(p *windowPartition, i int) (value, error) { return p.neighbour(i, -1) },
	"window_lag_with_offset":              func(p *windowPartition, i int) (value, error) { return p.neighbour(i, -1) },
	"window_lag_with_offset_and_default":  func(p *windowPartition, i int) (value, error) { return p.neighbour(i, -1) },
	"window_lead":                         func(p *windowPartition, i int) (value, error) { return p.neighbour(i, 1) },
	"window_lead_with_offset":             func(p *windowPartition, i int) (value, error) { return p.neighbour(i, 1) },
	"window_lead_with_offset_and_default": func(p *windowPartition, i int) (value, error) { return p.neighbour(i, 1) },
	"window_first_value": func(p *windowPartition, i int) (value, error) {
		return p.inFrame(i, func(int) int { return 0 })
	},
	"window_last_value": func(p *windowPartition, i int) (value, error) {
		return p.inFrame(i, func(n int) int { return n - 1 })
	},
	"window_nth_value": func(p *windowPartition, i int) (value, error) {
		n := p.args[i][1]
		if n.IsNull() {
			return value{}, nil
		}
		if n.Int() < 1 {
			return value{}, sqlstate.New(sqlstate.InvalidArgumentForNthValue, "argument of nth_value must be greater than zero")
		}
		return p.inFrame(i, func(int) int { return int(n.Int()) - 1 })
	},
}

// inFrame is the argument in one of the rows of the frame.
func (p *windowPartition) inFrame(i int, which func(n int) int) (value, error) {
	if k := p.nth(i, which); k >= 0 {
		return p.args[k][0], nil
	}
	return value{}, nil
}

// neighbour is lag and lead.
func (p *windowPartition) neighbour(i, sign int) (value, error) {
	args, by := p.args[i], 1
	if len(args) > 1 {
		if args[1].IsNull() {
			return value{}, nil
		}
		by = int(args[1].Int())
	}
	if k := i + sign*by; k >= 0 && k < len(p.rows) {
		return p.args[k][0], nil
	}
	if len(args) > 2 {
		return args[2], nil
	}
	return value{}, nil
}

// ntile divides the rows into buckets whose sizes differ by one at the most.
func ntile(p *windowPartition, i int) (value, error) {
	arg := p.args[0][0]
	if arg.IsNull() {
		return value{}, nil
	}
	n, rows := arg.Int(), int64(len(p.rows))
	if n <= 0 {
		return value{}, sqlstate.New(sqlstate.InvalidArgumentForNtile, "argument of ntile must be greater than zero")
	}
	size, larger := rows/n, rows%n
	if at := int64(i); at < larger*(size+1) {
		return pgtypes.NewInt(at/(size+1) + 1), nil
	} else if size > 0 {
		return pgtypes.NewInt(larger + (at-larger*(size+1))/size + 1), nil
	}
	return pgtypes.NewInt(int64(i) + 1), nil
}

// compareInt orders a value against an integer as the key orders values.
func (k *sortKey) compareInt(v value, n int64) int {
	if v.IsNull() {
		if k.nullsFirst {
			return -1
		}
		return 1
	}
	c := cmp.Compare(v.Int(), n)
	if k.desc {
		return -c
	}
	return c
}
