package scalar

import (
	"math"
	"math/big"

	"github.com/cockroachdb/apd/v3"

	"seqd/protocol/pgtypes"
)

// Sum adds up values of one type, exactly for integers and numerics.
type Sum struct {
	n     int64 // integers, while they fit
	big   *big.Int
	f     float64
	dec   *apd.Decimal
	inter pgtypes.IntervalValue
}

// Add adds a value that is not NULL.
func (s *Sum) Add(typ pgtypes.OID, v Value) error {
	switch typ {
	case pgtypes.Int2, pgtypes.Int4, pgtypes.Int8:
		if s.big == nil {
			if n, ok := addInt(s.n, v.Int()); ok {
				s.n = n
				return nil
			}
			s.big = big.NewInt(s.n)
		}
		s.big.Add(s.big, big.NewInt(v.Int()))
	case pgtypes.Float4, pgtypes.Float8:
		s.f += v.Float()
	case pgtypes.Numeric:
		if s.dec == nil {
			s.dec = v.Numeric()
			return nil
		}
		d, err := addNumeric(s.dec, v.Numeric(), false)
		s.dec = d
		return err
	case pgtypes.Interval:
		i, err := addInterval(s.inter, v.Interval())
		s.inter = i
		return err
	}
	return nil
}

// Result is sum(): bigint for smallint and integer, numeric for bigint.
func (s *Sum) Result(typ pgtypes.OID) (Value, error) {
	switch typ {
	case pgtypes.Int2, pgtypes.Int4:
		if s.big != nil {
			return Value{}, outOfRange("bigint")
		}
		return pgtypes.NewInt(s.n), nil
	case pgtypes.Int8:
		return pgtypes.NewNumeric(s.integer()), nil
	case pgtypes.Float4:
		return pgtypes.NewFloat(float64(float32(s.f))), nil
	case pgtypes.Float8:
		return pgtypes.NewFloat(s.f), nil
	case pgtypes.Interval:
		return pgtypes.NewInterval(s.inter), nil
	}
	return numeric(s.dec, nil)
}

func (s *Sum) integer() *apd.Decimal {
	if s.big != nil {
		return pgtypes.NumericFromBig(s.big, 0)
	}
	return pgtypes.NumericFromInt(s.n)
}

// Average is avg() over n values.
func (s *Sum) Average(typ pgtypes.OID, n int64) (Value, error) {
	switch typ {
	case pgtypes.Int2, pgtypes.Int4, pgtypes.Int8:
		return numeric(divNumeric(s.integer(), pgtypes.NumericFromInt(n)))
	case pgtypes.Float4, pgtypes.Float8:
		return pgtypes.NewFloat(s.f / float64(n)), nil
	case pgtypes.Interval:
		return divInterval(s.inter, float64(n))
	}
	return numeric(divNumeric(s.dec, pgtypes.NumericFromInt(n)))
}

func addInterval(a, b pgtypes.IntervalValue) (pgtypes.IntervalValue, error) {
	us, ok := addInt(a.Micros, b.Micros)
	days, months := int64(a.Days)+int64(b.Days), int64(a.Months)+int64(b.Months)
	if !ok || days != int64(int32(days)) || months != int64(int32(months)) {
		return a, intervalOutOfRange
	}
	return pgtypes.IntervalValue{Micros: us, Days: int32(days), Months: int32(months)}, nil
}

func divInterval(i pgtypes.IntervalValue, by float64) (Value, error) {
	if by == 0 {
		return Value{}, divisionByZero
	}
	return scaleInterval(i, func(x float64) float64 { return x / by })
}

// scaleInterval multiplies or divides each field; what is left of months goes to
// days, of days to time, rounded where PostgreSQL rounds (interval_mul).
func scaleInterval(i pgtypes.IntervalValue, scale func(float64) float64) (Value, error) {
	const secondsPerDay = 86400
	months, days := math.Trunc(scale(float64(i.Months))), math.Trunc(scale(float64(i.Days)))
	if !(math.Abs(months) <= math.MaxInt32 && math.Abs(days) <= math.MaxInt32) {
		return Value{}, intervalOutOfRange
	}
	monthDays := toMicros((scale(float64(i.Months)) - months) * 30)
	seconds := toMicros((scale(float64(i.Days)) - days + monthDays - math.Trunc(monthDays)) * secondsPerDay)
	if math.Abs(seconds) >= secondsPerDay {
		whole := math.Trunc(seconds / secondsPerDay)
		days += whole
		seconds -= whole * secondsPerDay
	}
	days += math.Trunc(monthDays)
	us := math.RoundToEven(scale(float64(i.Micros)) + seconds*pgtypes.MicrosPerSecond)
	if !(math.Abs(us) < math.MaxInt64) || math.Abs(days) > math.MaxInt32 {
		return Value{}, intervalOutOfRange
	}
	return pgtypes.NewInterval(pgtypes.IntervalValue{Micros: int64(us), Days: int32(days), Months: int32(months)}), nil
}

// toMicros rounds seconds (or days) to six decimal places, as TSROUND.
func toMicros(x float64) float64 { return math.RoundToEven(x*1e6) / 1e6 }
