package query

import (
	"seqd/engine/query/builtin"
	"seqd/protocol/pgtypes"
)

// candidate is a function or operator that a name and a number of arguments could mean.
type candidate struct {
	fn   *builtin.Function
	op   *builtin.Operator
	args []pgtypes.OID // declared types, expanded to the call's arguments
	// variadic: the last declared array was spread over several arguments.
	variadic bool
	defaults int // arguments that the call leaves to their defaults
}

func exactly(args, inputs []pgtypes.OID) bool {
	for i := range inputs {
		if args[i] != inputs[i] {
			return false
		}
	}
	return true
}

// matching is func_match_argtypes: those candidates that implicit casts can reach.
func matching(list []candidate, inputs []pgtypes.OID) []candidate {
	var out []candidate
	for _, c := range list {
		if canCoerce(inputs, c.args[:len(inputs)], coerceImplicit) {
			out = append(out, c)
		}
	}
	return out
}

// choose is func_select_candidate: PostgreSQL's rules of preference, one after
// the other, until one candidate is left. False if they stay ambiguous.
func choose(list []candidate, inputs []pgtypes.OID) (candidate, bool) {
	unknowns := 0
	for _, t := range inputs {
		if t == pgtypes.Unknown {
			unknowns++
		}
	}
	// Most exact matches on known types.
	list = best(list, func(c candidate) int {
		n := 0
		for i, t := range inputs {
			if t != pgtypes.Unknown && c.args[i] == t {
				n++
			}
		}
		return n
	})
	if len(list) == 1 {
		return list[0], true
	}
	// Most exact matches or preferred types where a conversion is needed.
	list = best(list, func(c candidate) int {
		n := 0
		for i, t := range inputs {
			if t != pgtypes.Unknown && (c.args[i] == t || isPreferred(category(t), c.args[i])) {
				n++
			}
		}
		return n
	})
	if len(list) == 1 {
		return list[0], true
	}
	if unknowns == 0 {
		return candidate{}, false
	}
	if narrowed, ok := byCategory(list, inputs); ok {
		list = narrowed
		if len(list) == 1 {
			return list[0], true
		}
	}
	return byKnownType(list, inputs, unknowns)
}

// isPreferred is IsPreferredType.
func isPreferred(cat byte, t pgtypes.OID) bool { return category(t) == cat && preferred(t) }

// best keeps the candidates with the highest score.
func best(list []candidate, score func(candidate) int) []candidate {
	top := -1
	var out []candidate
	for _, c := range list {
		switch n := score(c); {
		case n > top:
			top, out = n, append(out[:0:0], c)
		case n == top:
			out = append(out, c)
		}
	}
	return out
}

// byCategory decides the category of each unknown argument from what the
// candidates take there: string if any does, else the one that all share.
func byCategory(list []candidate, inputs []pgtypes.OID) ([]candidate, bool) {
	cats := make([]byte, len(inputs))
	wantPreferred := make([]bool, len(inputs))
	for i, t := range inputs {
		if t != pgtypes.Unknown {
			continue
		}
		cat, conflict, pref := byte(0), false, false
		for j, c := range list {
			k, p := category(c.args[i]), preferred(c.args[i])
			switch {
			case j == 0:
				cat, pref = k, p
			case k == cat:
				pref = pref || p
			case k == 'S':
				cat, pref = k, p
			default:
				conflict = true
			}
		}
		if conflict && cat != 'S' {
			return nil, false
		}
		cats[i], wantPreferred[i] = cat, pref
	}
	var out []candidate
	for _, c := range list {
		keep := true
		for i, t := range inputs {
			if t != pgtypes.Unknown {
				continue
			}
			if category(c.args[i]) != cats[i] || wantPreferred[i] && !preferred(c.args[i]) {
				keep = false
				break
			}
		}
		if keep {
			out = append(out, c)
		}
	}
	return out, len(out) > 0
}

// byKnownType supposes that the unknown arguments are of the type that all known
// ones have.
func byKnownType(list []candidate, inputs []pgtypes.OID, unknowns int) (candidate, bool) {
	if unknowns == len(inputs) {
		return candidate{}, false
	}
	known := pgtypes.OID(pgtypes.Unknown)
	for _, t := range inputs {
		if t == pgtypes.Unknown {
			continue
		}
		if known == pgtypes.Unknown {
			known = t
		} else if known != t {
			return candidate{}, false
		}
	}
	supposed := make([]pgtypes.OID, len(inputs))
	for i := range supposed {
		supposed[i] = known
	}
	var found []candidate
	for _, c := range list {
		if canCoerce(supposed, c.args[:len(inputs)], coerceImplicit) {
			found = append(found, c)
		}
	}
	if len(found) == 1 {
		return found[0], true
	}
	return candidate{}, false
}
