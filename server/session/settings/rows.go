package settings

// Row is a row of pg_settings. MinVal, MaxVal and EnumVals are empty where they are
// NULL there, and so are Unit and Extra.
type Row struct {
	Name, Value, Unit, Category, Description, Extra string
	Context, Type, Source                           string
	MinVal, MaxVal                                  string
	EnumVals                                        []string
	BootVal, ResetVal                               string
	Shown                                           string // as SHOW prints it
}

// All returns the parameters that SHOW ALL and pg_settings list, by name.
func (s *Set) All() []Row {
	rows := make([]Row, 0, len(sortedKeys))
	for _, key := range sortedKeys {
		p := parameters[key]
		if p.unlisted || p.restricted && !s.readsAll() {
			continue
		}
		rows = append(rows, s.row(p))
	}
	return rows
}

func (s *Set) row(p *parameter) Row {
	e, ok := s.inForce(p.key)
	if !ok {
		e = entry{p.key, p.Default, "default"}
	}
	if v, ok := s.facts[p.key]; ok {
		e = entry{p.key, v, "override"}
	}
	reset := p.Default
	if base, ok := s.base.get(p.key); ok {
		reset = base.value
	}
	r := Row{
		Name: p.Name, Value: p.raw(e.value), Unit: p.unit, Category: p.category, Description: p.Description, Extra: p.extra,
		Context: string(p.context), Source: e.source, MinVal: p.minText, MaxVal: p.maxText, EnumVals: p.values,
		BootVal: p.bootValue, ResetVal: p.raw(reset), Shown: e.value,
	}
	for name, k := range kinds {
		if k == p.kind {
			r.Type = name
		}
	}
	return r
}
