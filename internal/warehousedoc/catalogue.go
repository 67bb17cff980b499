package main

import (
	"context"
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// catalogue is the database's description of itself.
type catalogue struct {
	Schemas []schema
	Roles   []role
}

// schema is a schema with its relations and functions, ordered by name.
type schema struct {
	Name, Comment string
	Relations     []*relation
	Functions     []function
}

// relation is a table or a view.
type relation struct {
	Schema, Name string
	View         bool
	Comment      string
	Reads        []string // the relations that a view names
	Columns      []column
}

func (r *relation) full() string { return r.Schema + "." + r.Name }

// column is a column of a relation.
type column struct {
	Name, Type string
	NotNull    bool
	Key        int    // its place in the primary key, from 1; 0: not in it
	Refers     string // the key it refers to, as schema.table.column
	Comment    string
}

// function is a function with its declared arguments.
type function struct{ Schema, Name, Arguments, Result, Comment string }

// role is what a role may do in a schema.
type role struct {
	Role, Schema                        string
	Usage, AllRead, SomeRead, SomeWrite bool
	Personal                            bool // sees personal data unmasked in bi
}

//go:embed schemas.sql
var schemasSQL string

//go:embed relations.sql
var relationsSQL string

//go:embed columns.sql
var columnsSQL string

//go:embed functions.sql
var functionsSQL string

//go:embed roles.sql
var rolesSQL string

// readCatalogue reads the catalogue. It returns an error if a comment is missing or names something that does not exist.
func readCatalogue(ctx context.Context, conn *pgx.Conn) (*catalogue, error) {
	c := &catalogue{}
	err := rows(ctx, conn, schemasSQL, func(row pgx.Rows) error {
		var s schema
		err := row.Scan(&s.Name, &s.Comment)
		c.Schemas = append(c.Schemas, s)
		return err
	})
	if err == nil {
		err = c.readRelations(ctx, conn)
	}
	if err == nil {
		err = rows(ctx, conn, functionsSQL, func(row pgx.Rows) error {
			var f function
			err := row.Scan(&f.Schema, &f.Name, &f.Arguments, &f.Result, &f.Comment)
			c.in(f.Schema).Functions = append(c.in(f.Schema).Functions, f)
			return err
		})
	}
	if err == nil {
		err = rows(ctx, conn, rolesSQL, func(row pgx.Rows) error {
			var r role
			err := row.Scan(&r.Role, &r.Schema, &r.Usage, &r.AllRead, &r.SomeRead, &r.SomeWrite, &r.Personal)
			c.Roles = append(c.Roles, r)
			return err
		})
	}
	if err == nil {
		err = c.complete()
	}
	if err == nil {
		err = c.refer()
	}
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	return c, nil
}

// rows calls each for each row.
func rows(ctx context.Context, conn *pgx.Conn, sql string, each func(pgx.Rows) error) error {
	found, err := conn.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		if err := each(found); err != nil {
			return err
		}
	}
	return found.Err()
}

func (c *catalogue) readRelations(ctx context.Context, conn *pgx.Conn) error {
	err := rows(ctx, conn, relationsSQL, func(row pgx.Rows) error {
		r := &relation{}
		err := row.Scan(&r.Schema, &r.Name, &r.View, &r.Comment, &r.Reads)
		c.in(r.Schema).Relations = append(c.in(r.Schema).Relations, r)
		return err
	})
	if err != nil {
		return err
	}
	return rows(ctx, conn, columnsSQL, func(row pgx.Rows) error {
		var schema, table string
		var x column
		err := row.Scan(&schema, &table, &x.Name, &x.Type, &x.NotNull, &x.Key, &x.Refers, &x.Comment)
		if r := c.relation(schema + "." + table); r != nil {
			r.Columns = append(r.Columns, x)
		}
		return err
	})
}

func (c *catalogue) in(name string) *schema {
	return &c.Schemas[slices.IndexFunc(c.Schemas, func(s schema) bool { return s.Name == name })]
}

// relation is the table or view with a name, or nil.
func (c *catalogue) relation(full string) *relation {
	for _, s := range c.Schemas {
		for _, r := range s.Relations {
			if r.full() == full {
				return r
			}
		}
	}
	return nil
}

// complete returns an error for a missing comment.
func (c *catalogue) complete() error {
	var bare []string
	want := func(name, comment string) {
		if comment == "" {
			bare = append(bare, name)
		}
	}
	for _, s := range c.Schemas {
		want(s.Name, s.Comment)
		for _, f := range s.Functions {
			want(f.Schema+"."+f.Name, f.Comment)
		}
		for _, r := range s.Relations {
			want(r.full(), r.Comment)
			for _, x := range r.Columns {
				want(r.full()+"."+x.Name, x.Comment)
			}
		}
	}
	if len(bare) > 0 {
		return fmt.Errorf("no comment on %s", strings.Join(bare, ", "))
	}
	return nil
}

// named finds names in a comment: schema.table.column, or "the schema.table entry (its column)".
var named = regexp.MustCompile(`\b(bi|crankwheel|wheelhouse)\.([a-z_]+)(?:\.([a-z_]+)\b|[a-z ]*\((?:its )?([a-z_]+)\))`)

// refer makes references of the names in comments of columns. A reference can only be to a column of a primary key. A comment
// may also name any other column or function, but nothing that does not exist.
func (c *catalogue) refer() error {
	for _, s := range c.Schemas {
		for _, r := range s.Relations {
			for i := range r.Columns {
				x := &r.Columns[i]
				for _, match := range named.FindAllStringSubmatch(x.Comment, -1) {
					other, name := c.relation(match[1]+"."+match[2]), match[3]+match[4]
					if other == nil || other.column(name) == nil {
						return fmt.Errorf("the comment of %s.%s names %s, which does not exist", r.full(), x.Name, match[0])
					}
					if other != r && other.column(name).Key > 0 && x.Refers == "" {
						x.Refers = other.full() + "." + name
					}
				}
			}
		}
	}
	return nil
}

func (r *relation) column(name string) *column {
	for i := range r.Columns {
		if r.Columns[i].Name == name {
			return &r.Columns[i]
		}
	}
	return nil
}

// target splits a reference into relation and column.
func (x *column) target() (relation, name string) {
	last := strings.LastIndex(x.Refers, ".")
	return x.Refers[:last], x.Refers[last+1:]
}
