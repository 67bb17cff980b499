package grafana

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// filling is the values that Grafana puts into a query: of the dashboard's variables, its range and its interval.
type filling struct {
	values   map[string][]string // of the dashboard's variables
	all      map[string]string   // custom values of All, if it is chosen; they are not quoted
	from, to time.Time
	interval string // such as 1d
}

var (
	// named matches a variable: $name or ${name:format}. It does not match macros, which begin with $__ and have arguments.
	named = regexp.MustCompile(`\$(?:\{(\w+)(?::(\w+))?\}|(\w+)\b)`)
	macro = regexp.MustCompile(`\$(__\w+)\(([^)]*)\)`)
)

// fill makes the statement that Grafana sends. The browser first replaces variables, then the data source replaces macros.
// Grafana would send unknown names unchanged; fill returns an error.
func (f filling) fill(sql string) (string, error) {
	var problems []string
	wrong := func(format string, args ...any) string {
		problems = append(problems, fmt.Sprintf(format, args...))
		return ""
	}
	sql = named.ReplaceAllStringFunc(sql, func(match string) string {
		part := named.FindStringSubmatch(match)
		name, format := part[1]+part[3], part[2]
		switch values, known := f.values[name]; {
		case name == "__interval" && format == "":
			return f.interval
		case strings.HasPrefix(name, "__"):
			return match // a macro
		case !known:
			return wrong("no variable %s", name)
		case format != "sqlstring":
			return wrong("%s goes in unquoted", match)
		case f.all[name] != "":
			return f.all[name]
		default:
			return quoted(values)
		}
	})
	sql = macro.ReplaceAllStringFunc(sql, func(match string) string {
		part := macro.FindStringSubmatch(match)
		args := strings.Split(part[2], ",")
		for i := range args {
			args[i] = strings.TrimSpace(args[i])
		}
		text, err := f.macro(part[1], args)
		if err != nil {
			return wrong("%s: %v", match, err)
		}
		return text
	})
	if strings.Contains(sql, "$") {
		wrong("a $ is left: %s", sql)
	}
	if problems != nil {
		return "", fmt.Errorf("%s", strings.Join(problems, "; "))
	}
	return sql, nil
}

// quoted is the format sqlstring: each value a literal, separated by commas.
func quoted(values []string) string {
	var literals []string
	for _, v := range values {
		literals = append(literals, "'"+strings.ReplaceAll(v, "'", "''")+"'")
	}
	return strings.Join(literals, ",")
}

// macro replaces a macro like the PostgreSQL data source.
func (f filling) macro(name string, args []string) (string, error) {
	moment := func(at time.Time) string { return "'" + at.UTC().Format(time.RFC3339Nano) + "'" }
	switch {
	case name == "__timeFilter" && len(args) == 1 && args[0] != "":
		return args[0] + " BETWEEN " + moment(f.from) + " AND " + moment(f.to), nil
	case name == "__timeFrom" && slices.Equal(args, []string{""}):
		return moment(f.from), nil
	case name == "__timeTo" && slices.Equal(args, []string{""}):
		return moment(f.to), nil
	case name == "__timeGroup" && len(args) == 2:
		seconds, err := seconds(strings.Trim(args[1], "'"))
		return fmt.Sprintf("floor(extract(epoch from %s)/%d)*%d", args[0], seconds, seconds), err
	}
	return "", fmt.Errorf("no such macro, or not with %d arguments", len(args))
}

// seconds parses an interval of Grafana: a number and s, m, h, d or w.
func seconds(interval string) (int, error) {
	if interval == "" {
		return 0, fmt.Errorf("no interval")
	}
	unit, known := map[byte]int{'s': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 7 * 86400}[interval[len(interval)-1]]
	n, err := strconv.Atoi(interval[:len(interval)-1])
	if err != nil || !known {
		return 0, fmt.Errorf("%q is no interval", interval)
	}
	return n * unit, nil
}

func TestFill(t *testing.T) {
	t.Parallel()
	f := filling{
		values: map[string][]string{"agent": {"o'hara", "b"}, "stream": {"shares"}, "none": nil}, all: map[string]string{"stream": "'*'"}, interval: "2d",
		from: time.Date(2025, 6, 1, 2, 0, 0, 0, time.FixedZone("", 7200)), to: time.Date(2025, 6, 2, 0, 0, 0, 5e6, time.UTC),
	}
	for in, want := range map[string]string{
		"x IN (${agent:sqlstring})":          "x IN ('o''hara','b')",
		"x IN (${stream:sqlstring})":         "x IN ('*')",
		"x IN (${none:sqlstring})":           "x IN ()",
		"WHERE $__timeFilter(day)":           "WHERE day BETWEEN '2025-06-01T00:00:00Z' AND '2025-06-02T00:00:00.005Z'",
		"$__timeGroup(d::date, $__interval)": "floor(extract(epoch from d::date)/172800)*172800",
		"$__timeGroup(d, '1h')":              "floor(extract(epoch from d)/3600)*3600",
		"$__timeFrom() $__timeTo()":          "'2025-06-01T00:00:00Z' '2025-06-02T00:00:00.005Z'",
		"x = $agent":                         "", "${agent}": "", "${who:sqlstring}": "", "$__unixEpochFilter(x)": "", "$__timeGroup(x)": "", "$1": "",
	} {
		if got, err := f.fill(in); got != want || (want == "") != (err != nil) {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
}
