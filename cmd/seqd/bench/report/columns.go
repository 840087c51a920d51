package report

// column is a measurement of a cell, in words for people.
type column struct {
	header string
	about  string // one line for the legend; "" if the header says it
	text   func(*cell) string
	has    func(*cell) bool // it was measured
}

// group is columns that answer one question: a narrow terminal shows a table for each.
type group struct {
	title   string
	columns []column
}

func numeric(header, about string, show func(float64) string, of func(*cell) float64) column {
	return column{header, about,
		func(c *cell) string { return show(of(c)) },
		func(c *cell) bool { return known(of(c)) }}
}

func ratioColumn(about string, of func(*cell) comparedTo) column {
	return column{"ratio", about,
		func(c *cell) string {
			r := of(c)
			if off := r.uncertainty(); off > 0 {
				return ratio(r.ratio) + " ±" + percent(off)
			}
			return ratio(r.ratio)
		},
		func(c *cell) bool { return known(of(c).ratio) }}
}

func quantile(header string, q float64) column {
	return column{header, "", func(c *cell) string {
		if c.latency.TotalCount() == 0 {
			return unmeasured
		}
		if q == 1 {
			return duration(c.latency.Slowest())
		}
		return duration(c.latency.Quantile(q))
	}, func(c *cell) bool { return c.latency.TotalCount() > 0 }}
}

// groups of a run whose first target has the name given.
func groups(first string, targets int) []group {
	rate := []column{
		numeric("values/s", "median of the rounds", whole, func(c *cell) float64 { return c.rate.median }),
		numeric("±", "how far the rounds went from the median", percent, func(c *cell) float64 { return c.rate.spread() }),
	}
	if targets > 1 {
		rate = append(rate, ratioColumn("to "+first+", round by round, and how far from the true one it may be (with 95 % confidence)", func(c *cell) comparedTo { return c.ratio }))
	}
	cost := []column{
		numeric("CPU s/M", "CPU seconds of the server per million values", digits, func(c *cell) float64 { return c.cpu }),
	}
	if targets > 1 {
		cost = append(cost, ratioColumn("to "+first, func(c *cell) comparedTo { return c.cpuRatio }))
	}
	cost = append(cost,
		numeric("log/1k", "log records (raft entries of seqd, WAL records of PostgreSQL) per 1000 values", digits, func(c *cell) float64 { return c.records }),
		numeric("sync/1k", "times the log was made durable (fsync), per 1000 values", digits, func(c *cell) float64 { return c.syncs }),
	)
	return []group{
		{"Values per second", rate},
		{"What they cost the server", cost},
		{"Latency of a statement", []column{
			quantile("p50", 0.5), quantile("p90", 0.9), quantile("p99", 0.99), quantile("p99.9", 0.999), quantile("max", 1)}},
		{"Values lost, out of order, errors", []column{
			numeric("lost/1k", "values that nobody will ever get, by session ends and DISCARD, per 1000 received", digits, func(c *cell) float64 { return c.lost }),
			numeric("/end", "lost per end of a session", digits, func(c *cell) float64 { return c.perEnd }),
			numeric("/DISCARD", "lost per DISCARD ALL", digits, func(c *cell) float64 { return c.perDiscard }),
			numeric("/kill", "lost when the server was killed (kill -9) under this load", digits, func(c *cell) float64 { return c.perKill }),
			numeric("disorder", "share of values smaller than one that somebody had received before they were asked for", percent, func(c *cell) float64 { return c.outOfOrder }),
			{"errors", "", func(c *cell) string { return whole(float64(c.failures)) }, func(*cell) bool { return true }}}},
	}
}

// shown leaves out the columns in which no cell has anything.
func shown(list []group, cells []cell) []group {
	var out []group
	for _, g := range list {
		var columns []column
		for _, col := range g.columns {
			for i := range cells {
				if col.has(&cells[i]) {
					columns = append(columns, col)
					break
				}
			}
		}
		if len(columns) > 0 {
			out = append(out, group{g.title, columns})
		}
	}
	return out
}

// curve is a target's cells along a family of points, those that were measured.
func (v *view) curve(target int, f family) []*cell {
	var list []*cell
	for _, p := range f.points {
		if c := v.at(target, p); c != nil && known(c.rate.median) {
			list = append(list, c)
		}
	}
	return list
}

// kneeAlong is the knee of a curve along CACHE.
func (v *view) kneeAlong(curve []*cell) knee {
	var medians []float64
	var rounds [][]float64
	for _, c := range curve {
		medians = append(medians, c.rate.median)
		var rates []float64
		for _, s := range v.At(c.target, c.point) {
			rates = append(rates, s.ValuesPerSecond())
		}
		rounds = append(rounds, rates)
	}
	return kneeOf(medians, rounds)
}

func (v *view) cacheOf(c *cell) string {
	return cacheAxis.label(v.Points[c.point])
}
