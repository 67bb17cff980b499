package simulator

import (
	"strconv"
	"time"
)

// JSON is appended by hand because an answer can contain a million sessions: no maps, no reflection, no allocation per value.

// appendString appends a JSON string. Invalid UTF-8 is sent unchanged, for tests that need it.
func appendString(b []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(b, s[start:]...), '"')
}

// appendText appends a string, or null for the empty one.
func appendText(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendString(b, s)
}

func appendInt[T int | int64](b []byte, n T) []byte { return strconv.AppendInt(b, int64(n), 10) }

func appendFloat(b []byte, x float64) []byte { return strconv.AppendFloat(b, x, 'f', -1, 64) }

func appendStrings(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

// instant appends a timestamp in UTC, with microseconds.
func (s *Shape) instant(b []byte, t time.Time) []byte {
	b = append(s.fraction(appendSeconds(append(b, '"'), t), t), 'Z', '"')
	return b
}

// naive appends a timestamp without a zone, which means UTC.
func (s *Shape) naive(b []byte, t time.Time) []byte {
	return append(s.fraction(appendSeconds(append(b, '"'), t), t), '"')
}

// whole appends a timestamp in UTC that never has a fraction, or null.
func whole(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, "null"...)
	}
	return append(appendSeconds(append(b, '"'), t), 'Z', '"')
}

func (s *Shape) fraction(b []byte, t time.Time) []byte {
	micro := t.Nanosecond() / 1000
	if micro == 0 && s.NoZeroFraction {
		return b
	}
	b = append(b, '.')
	for scale := 100_000; scale > 0; scale /= 10 {
		b = append(b, byte('0'+micro/scale%10))
	}
	return b
}

// appendSeconds is AppendFormat("2006-01-02T15:04:05") in UTC at a third of its cost.
func appendSeconds(b []byte, t time.Time) []byte {
	sec := t.Unix()
	days, rest := sec/86400, int(sec%86400)
	if rest < 0 {
		days, rest = days-1, rest+86400
	}
	// Days to civil date, after Howard Hinnant: years begin in March, 400 of them are an era.
	z := days + 719468
	era := z / 146097
	doe := int(z - era*146097)
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	year, month, day := int(era)*400+yoe, mp+3, doy-(153*mp+2)/5+1
	if month > 12 {
		year, month = year+1, month-12
	}
	b = two(two(b, year/100), year%100)
	b = two(append(two(append(b, '-'), month), '-'), day)
	b = two(append(two(append(two(append(b, 'T'), rest/3600), ':'), rest/60%60), ':'), rest%60)
	return b
}

func two(b []byte, n int) []byte { return append(b, byte('0'+n/10%10), byte('0'+n%10)) }
