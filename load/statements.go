package load

import (
	"fmt"
	"hash/crc32"
	"strings"
	"sync"
)

// statements are the statements of a table, made from the table's description.
type statements struct {
	existing, existingChildren string // read existing rows and their children: see existingReader
	byKey                      string // reads the rows with given keys
	outside, outsideChildren   string // read sessions that start outside of the window, and their events
	stage, update              string // make the staging table; update the table from the staging table
	staging                    string // the name of the staging table
	remove                     string // removes or soft-deletes the rows with given keys
	removeChildren             string // removes the children of the rows with given keys
	counts                     string // sums the counts of a range of days
}

var made sync.Map // *Table → *statements

// statements returns the table's statements. They are made once.
func (t *Table) statements() *statements {
	if s, known := made.Load(t); known {
		return s.(*statements)
	}
	s := t.makeStatements()
	made.Store(t, s)
	return s
}

// param returns the name of a statement's argument for a column of the key.
func param(of string, column int) string { return fmt.Sprintf("%s_%d", of, column) }

func (t *Table) makeStatements() *statements {
	s := &statements{}
	t.addReading(s)
	t.addWriting(s)
	if t.counts() {
		t.addCounts(s)
	}
	return s
}

func (t *Table) addReading(s *statements) {
	columns := list(append(t.Key[:len(t.Key):len(t.Key)], t.Columns...), func(c Column) string { return "t." + c.Name })
	deleted := "false"
	if t.Deletion == SoftDelete {
		deleted = "t.deleted_at IS NOT NULL"
	}
	selected := fmt.Sprintf("SELECT %s, coalesce(t.%s, 0), %s\n", columns, t.LoadID, deleted)
	if t.sessionKeys {
		t.addReadingSessions(s, selected)
		return
	}
	from := "FROM crankwheel." + t.Name + " t\nWHERE t.account_id = @account"
	order := "\nORDER BY " + ordered(t.Key)
	scope := ""
	switch {
	case t.Scope.All:
		scope = " "
	case t.Scope.Day:
		scope = " AND t.day = @day"
	case t.Scope.Begin != "":
		scope = fmt.Sprintf(" AND t.%s >= @from AND t.%[1]s < @to", t.Scope.Begin)
	}
	if scope != "" {
		s.existing = selected + from + strings.TrimRight(scope, " ") + t.between(len(t.Key)) + order + "\nLIMIT @limit"
	}
	if t.findByKey {
		s.byKey = selected + strings.Replace(from, "\nWHERE", "\n"+t.joinKeys(t.Key)+"\nWHERE", 1) + order
	}
	if c := t.children; c != nil {
		shared := t.Key[:t.sharedKey]
		all := append(append(shared[:len(shared):len(shared)], c.Key...), c.Columns...)
		s.existingChildren = "SELECT " + list(all, func(c Column) string { return "t." + c.Name }) +
			"\nFROM crankwheel." + c.Name + " t\nWHERE t.account_id = @account"
		if t.Scope.All { // including children without a parent
			s.existingChildren += t.between(t.sharedKey)
		} else {
			s.existingChildren = strings.Replace(s.existingChildren, "\nWHERE", "\n"+t.joinKeys(shared)+"\nWHERE", 1)
		}
		s.existingChildren += "\nORDER BY " + ordered(append(shared[:len(shared):len(shared)], c.Key...))
	}
}

// joinKeys joins the table with given keys.
func (t *Table) joinKeys(key []Column) string {
	return "JOIN " + givenKeys(key) + " ON " + sameKey(key)
}

// givenKeys makes a table of the keys that are given as arguments, one array for each column.
func givenKeys(key []Column) string {
	return fmt.Sprintf("unnest(%s) AS s (%s)",
		numbered(key, func(i int, c Column) string { return fmt.Sprintf("@%s::text[]::%s[]", param("keys", i), c.kind.sql) }),
		strings.Join(names(key), ", "))
}

// between limits a statement to a stretch of keys.
func (t *Table) between(columns int) string {
	key := t.Key[:columns]
	bound := func(of, operator string) string {
		return fmt.Sprintf("\n  AND (@%s::text IS NULL OR (%s) %s (%s))", param(of, 0), ordered(key), operator,
			numbered(key, func(i int, c Column) string { return fmt.Sprintf("@%s::text::%s", param(of, i), c.kind.sql) }))
	}
	return bound("after", ">") + bound("through", "<=")
}

// addReadingSessions makes statements that read intervals of ids, which are intervals of time.
func (t *Table) addReadingSessions(s *statements, selected string) {
	id, c := t.Key[0].Name, t.children
	all := append(append(t.Key[:1:1], c.Key...), c.Columns...)
	children := "SELECT " + list(all, func(c Column) string { return "t." + c.Name }) + "\n"
	within := func(table string) string {
		return fmt.Sprintf("FROM crankwheel.%s t\nWHERE t.account_id = @account AND t.%s >= @low::uuid AND t.%[2]s < @high::uuid\n", table, id)
	}
	seconds := func(table string) string {
		return fmt.Sprintf("FROM unnest(@lows::text[]::uuid[], @highs::text[]::uuid[]) AS s (low, high)\n"+
			"JOIN crankwheel.%s t ON t.account_id = @account AND t.%s >= s.low AND t.%[2]s < s.high\n", table, id)
	}
	s.existing = selected + within(t.Name) + "ORDER BY t." + id + "\nLIMIT @limit"
	s.existingChildren = children + within(c.Name) + "ORDER BY t." + id + ", " + ordered(c.Key)
	s.outside = selected + seconds(t.Name) + "ORDER BY t." + id
	s.outsideChildren = children + seconds(c.Name) + "ORDER BY t." + id + ", " + ordered(c.Key)
}

func (t *Table) addWriting(s *statements) {
	all := append(t.Key[:len(t.Key):len(t.Key)], t.Columns...)
	definition := list(all, func(c Column) string { return c.Name + " " + c.kind.sql })
	// The name depends on the columns, because a connection from PgBouncer may still have the staging table of another version
	// of the program.
	s.staging = fmt.Sprintf("stage_%s_%08x", t.Name, crc32.ChecksumIEEE([]byte(definition)))
	s.stage = fmt.Sprintf("CREATE TEMP TABLE IF NOT EXISTS %s (%s) ON COMMIT DELETE ROWS", s.staging, definition)
	back := ""
	if t.Deletion == SoftDelete {
		back = ", deleted_at = NULL"
	}
	s.update = fmt.Sprintf("UPDATE crankwheel.%s t\nSET %s,\n    %s = @load, loaded_at = now()%s\nFROM pg_temp.%s s\nWHERE t.account_id = @account AND %s", t.Name,
		list(append(t.Key[t.sharedKey:len(t.Key):len(t.Key)], t.Columns...), func(c Column) string { return c.Name + " = s." + c.Name }), t.LoadID, back, s.staging, sameKey(t.Key[:t.sharedKey]))

	switch t.Deletion {
	case SoftDelete:
		s.remove = fmt.Sprintf("UPDATE crankwheel.%s t\nSET deleted_at = now(), %s = @load, loaded_at = now()\nFROM %s\nWHERE t.account_id = @account AND %s",
			t.Name, t.LoadID, givenKeys(t.Key[:t.sharedKey]), sameKey(t.Key[:t.sharedKey]))
	case HardDelete:
		s.remove = fmt.Sprintf("DELETE FROM crankwheel.%s t\nUSING %s\nWHERE t.account_id = @account AND %s", t.Name, givenKeys(t.Key), sameKey(t.Key))
	}
	if c := t.children; c != nil {
		shared := t.Key[:t.sharedKey]
		s.removeChildren = fmt.Sprintf("DELETE FROM crankwheel.%s t\nUSING %s\nWHERE t.account_id = @account AND %s", c.Name, givenKeys(shared), sameKey(shared))
	}
}

func (t *Table) addCounts(s *statements) {
	counted := counted(t)
	key := dayless(t.Key)
	columns := append([]string(nil), names(key)...)
	for _, c := range counted {
		columns = append(columns, fmt.Sprintf("coalesce(sum(t.%s), 0)", c.Name))
	}
	s.counts = fmt.Sprintf("SELECT %s\nFROM crankwheel.%s t\nWHERE t.account_id = @account AND t.day BETWEEN @first_day AND @last_day", strings.Join(columns, ", "), t.Name)
	if len(key) > 0 {
		s.counts += "\nGROUP BY " + strings.Join(names(key), ", ")
	}
}

func counted(t *Table) (all []Column) {
	for _, c := range t.Columns {
		if c.Additive {
			all = append(all, c)
		}
	}
	return all
}

func dayless(key []Column) (all []Column) {
	for _, c := range key {
		if c.kind != typeDate {
			all = append(all, c)
		}
	}
	return all
}

func names(columns []Column) (all []string) {
	for _, c := range columns {
		all = append(all, c.Name)
	}
	return all
}

// ordered lists columns of a key for ORDER BY. Texts are ordered by their bytes, as in this program.
func ordered(key []Column) string {
	return list(key, func(c Column) string {
		if c.kind == typeText {
			return "t." + c.Name + ` COLLATE "C"`
		}
		return "t." + c.Name
	})
}

func sameKey(key []Column) string {
	var all []string
	for _, c := range key {
		all = append(all, fmt.Sprintf("t.%s = s.%[1]s", c.Name))
	}
	return strings.Join(all, " AND ")
}

func list(columns []Column, show func(Column) string) string {
	return numbered(columns, func(_ int, c Column) string { return show(c) })
}

func numbered(columns []Column, show func(int, Column) string) string {
	var all []string
	for i, c := range columns {
		all = append(all, show(i, c))
	}
	return strings.Join(all, ", ")
}
