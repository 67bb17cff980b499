package settings

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // for containers without zone files
)

var (
	hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)
	dateText = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
	word     = regexp.MustCompile(`[A-Za-z]+`)
)

const zoneExample = "Europe/Berlin"

// days reads a number of days that the schema accepts, such as 7d.
func days(text string) int {
	n, _ := strconv.Atoi(strings.TrimSuffix(text, "d"))
	return n
}

// zoneOr is the zone with the name, or otherwise if the name is empty or wrong.
func zoneOr(name string, otherwise *time.Location) *time.Location {
	if zone, err := parseZone(name); err == nil {
		return zone
	}
	return otherwise
}

// ambiguousZones are zones of the tz database that Postgres takes for abbreviations, with zones that have the same clock. A test
// compares all zones of Postgres with Go's.
var ambiguousZones = map[string]string{"CET": "Europe/Brussels", "EET": "Europe/Athens", "MET": "Europe/Brussels", "WET": "Europe/Lisbon"}

// parseZone accepts names of the tz database. It refuses Local: a file must mean the same days on every machine.
func parseZone(text string) (*time.Location, error) {
	switch {
	case text == "":
		return nil, errors.New("empty: write a zone such as UTC or " + zoneExample)
	case strings.EqualFold(text, "local"), text == "localtime", text == "posixrules":
		return nil, fmt.Errorf("%s is different on each machine: write a zone such as UTC or %s", quote(text), zoneExample)
	case strings.HasPrefix(text, "right/"), strings.HasPrefix(text, "posix/"):
		return nil, fmt.Errorf("%s: write the zone without %s", quote(text), text[:6])
	}
	if better := ambiguousZones[text]; better != "" {
		return nil, fmt.Errorf("%s is a fixed offset for Postgres, and has summer time in the tz database: write %s", quote(text), better)
	}
	if zone, err := time.LoadLocation(text); err == nil {
		return zone, nil
	}
	if near := zoneLike(text); near != "" {
		return nil, fmt.Errorf("unknown zone %s: did you mean %q?", quote(text), near)
	}
	return nil, fmt.Errorf("unknown zone %s: write a name of the tz database, such as UTC, %s or America/New_York", quote(text), zoneExample)
}

// zoneLike is text with the usual capitals of a zone's name, if a zone has that name, or "".
func zoneLike(text string) string {
	title := word.ReplaceAllStringFunc(strings.ReplaceAll(text, " ", "_"), func(w string) string {
		return strings.ToUpper(w[:1]) + strings.ToLower(w[1:])
	})
	for _, candidate := range []string{title, strings.ToUpper(text)} {
		if _, err := time.LoadLocation(candidate); err == nil {
			return candidate
		}
	}
	return ""
}

// parseServer returns the URL in its canonical form. Its errors do not quote a URL that may contain a key or a password.
func parseServer(text string) (string, error) {
	const right = "write the account's server, such as https://meeting.is"
	u, err := url.Parse(text)
	switch {
	case strings.ContainsAny(text, "@?#"):
		return "", errors.New("contains a user, a query or a fragment: " + right + ", and the key separately")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("not an https URL: " + right)
	case u.Path != "" && u.Path != "/":
		return "", errors.New("contains a path: " + right + " (Wheelhouse adds the paths below /ss/api/)")
	}
	host := u.Hostname()
	addr, err := netip.ParseAddr(host)
	isAddr := err == nil && addr.Zone() == ""
	if !isAddr && !hostName.MatchString(host) || strings.HasSuffix(u.Host, ":") || !port(u.Port(), 1) {
		return "", errors.New("not a host or port: " + right)
	}
	loopback := strings.EqualFold(host, "localhost") || isAddr && addr.IsLoopback()
	if u.Scheme == "http" && !loopback {
		return "", fmt.Errorf("%s sends the key in clear text: write https:// (plain http is for localhost only)", quote(text))
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

// port reports whether text is empty or a port not below least.
func port(text string, least int) bool {
	if text == "" {
		return true
	}
	n, err := strconv.Atoi(text)
	return err == nil && n >= least && n <= 65535
}

// parseListen reads an address to listen on. It returns "" for off.
func parseListen(text string) (string, error) {
	if text == "off" {
		return "", nil
	}
	host, number, err := net.SplitHostPort(text)
	if err != nil || number == "" || !port(number, 0) || strings.ContainsAny(host, " /@?#\t\r\n") {
		return "", fmt.Errorf("%s: write host:port, such as 127.0.0.1:8080, :8080 for every address of this machine, or off", quote(text))
	}
	return text, nil
}

// parseDate returns a date as midnight UTC. dayIn moves that to a zone.
func parseDate(text string) (time.Time, error) {
	date, err := time.Parse(time.DateOnly, text)
	switch {
	case err != nil && dateText.MatchString(text):
		return date, fmt.Errorf("%s: there is no such day", quote(text))
	case err != nil:
		return date, fmt.Errorf("%s: write a date as year-month-day, such as 2025-01-31", quote(text))
	case date.Year() < 2010:
		return date, fmt.Errorf("%s is before CrankWheel had any data: write a date from 2010-01-01", quote(text))
	}
	return date, nil
}

// dayIn returns the first instant of date's day in zone. If a clock change skips midnight, that instant is later than 00:00,
// and time.Date may return a time on the day before.
func dayIn(date time.Time, zone *time.Location) time.Time {
	const step = 15 * time.Minute // clocks have only ever changed by multiples of this
	t := time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, zone)
	for civil(t).Before(date) { // a day that the zone skips becomes the next day
		t = t.Add(step)
	}
	for civil(t.Add(-step)).Equal(date) { // 00:00 occurs twice
		t = t.Add(-step)
	}
	return t
}

// civil is t's date at midnight UTC.
func civil(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}
