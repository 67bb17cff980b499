package grafana

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/barchart"
	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// panelTypes is the types of panels in use, with the SDK's types of their options.
var panelTypes = []variants.PanelcfgConfig{
	barchart.VariantConfig(), bargauge.VariantConfig(), stat.VariantConfig(), statetimeline.VariantConfig(), table.VariantConfig(), timeseries.VariantConfig(),
}

// strictly reads a dashboard with Grafana's types. A field that is unknown, missing or of another type is an error.
func strictly(text []byte) error {
	runtime := cog.NewRuntime()
	for _, kind := range panelTypes {
		runtime.RegisterPanelcfgVariant(kind)
	}
	//lint:ignore SA1019 The files are of the schema that Grafana 11 and 12 read, too; version 2 is for 13 and newer.
	var d dashboard.Dashboard
	for _, err := range []error{d.UnmarshalJSONStrict(text), d.Validate()} {
		if err != nil && err.Error() != "" { // the SDK returns an empty list of errors as an error
			return err
		}
	}
	return nil
}

func TestSchema(t *testing.T) {
	t.Parallel()
	for name, text := range files(t) {
		if err := strictly(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The strict types refuse mistakes. Types that accepted everything would check nothing.
func TestSchemaRefusesMistakes(t *testing.T) {
	t.Parallel()
	text := files(t)["dashboards/team.json"]
	for right, wrong := range map[string]string{
		`"schemaVersion": `: `"schemaversion": `,
		`"gridPos": `:       `"gridpos": `,
		`"fieldConfig": `:   `"fieldconfig": `,
		`"includeVars": `:   `"includeVariables": `,
		`"graphMode": `:     `"graphmode": `,
		`"drawStyle": `:     `"drawstyle": `,
		`"refresh": 2`:      `"refresh": "often"`,
	} {
		if spoilt := bytes.Replace(text, []byte(right), []byte(wrong), 1); bytes.Equal(spoilt, text) {
			t.Errorf("there is no %s to spoil", right)
		} else if strictly(spoilt) == nil {
			t.Errorf("%s is accepted", wrong)
		}
	}
}

func TestPanels(t *testing.T) {
	t.Parallel()
	uids := map[string]bool{}
	for name, b := range boards(t) {
		if uids[b.UID] || b.UID != "wheelhouse-"+strings.TrimSuffix(filepath.Base(name), ".json") {
			t.Errorf("%s: uid %q", name, b.UID)
		}
		uids[b.UID] = true
	}
	for name, b := range boards(t) {
		if !slices.Contains(b.Tags, "wheelhouse") || b.Timezone != "utc" {
			t.Errorf("%s: the links between dashboards go by the tag wheelhouse, and days are drawn in utc", name)
		}
		ids, titles := map[int]bool{}, map[string]bool{}
		for i, p := range b.Panels {
			at := fmt.Sprintf("%s: panel %d %q", name, p.ID, p.Title)
			if ids[p.ID] || titles[p.Title] || p.ID < 1 || p.Title == "" {
				t.Errorf("%s: an id or a title that another has", at)
			}
			ids[p.ID], titles[p.Title] = true, true
			mustHavePlace(t, at, p, b.Panels[:i])
			mustBeWhole(t, at, p)
			for _, link := range p.Links {
				uid, query, _ := strings.Cut(strings.TrimPrefix(link.URL, "/d/"), "?")
				if !uids[uid] || query != "${account:queryparam}&${__url_time_range}" {
					t.Errorf("%s: a link to %s", at, link.URL)
				}
			}
		}
		for _, v := range b.Templating.List {
			if v.Datasource != warehouse || v.Definition != v.Query || v.Multi != v.IncludeAll {
				t.Errorf("%s: variable %s: not a query of the provisioned data source, or unlike the others", name, v.Name)
			}
			mustReadBI(t, name+": variable "+v.Name, v.Query)
		}
	}
}

// mustHavePlace checks that a panel is within the 24 columns and overlaps no other panel.
func mustHavePlace(t *testing.T, at string, p panel, others []panel) {
	t.Helper()
	g := p.GridPos
	if g.W < 1 || g.H < 1 || g.X < 0 || g.Y < 0 || g.X+g.W > 24 {
		t.Errorf("%s: place %+v is outside of 24 columns", at, g)
	}
	for _, q := range others {
		if o := q.GridPos; g.X < o.X+o.W && o.X < g.X+g.W && g.Y < o.Y+o.H && o.Y < g.Y+g.H {
			t.Errorf("%s lies over %q", at, q.Title)
		}
	}
}

// mustBeWhole checks that a panel has a description, a unit, thresholds, and a query of the provisioned data source.
func mustBeWhole(t *testing.T, at string, p panel) {
	t.Helper()
	if p.Description == "" || p.FieldConfig.Defaults.Unit == "" || p.FieldConfig.Defaults.Thresholds == nil {
		t.Errorf("%s has no description, unit or thresholds", at)
	}
	if !slices.ContainsFunc(panelTypes, func(k variants.PanelcfgConfig) bool { return k.Identifier == p.Type }) {
		t.Errorf("%s: nothing checks the options of a %s", at, p.Type)
	}
	q := p.target(t)
	if p.Datasource != warehouse || q.Datasource != warehouse || !q.RawQuery || q.EditorMode != "code" {
		t.Errorf("%s: not a query of the provisioned data source", at)
	}
	mustReadBI(t, at, q.RawSQL)
}

var warehouse = datasource{"grafana-postgresql-datasource", "wheelhouse"}

var (
	// relation matches the name after FROM or JOIN.
	relation = regexp.MustCompile(`(?i)\b(?:from|join)\s+([a-z_.]+)`)
	// part matches the FROM in extract(… FROM …).
	part = regexp.MustCompile(`(?i)\bextract\(\w+ from\b`)
)

// mustReadBI checks that every relation is in bi, and that the statement is not one long line.
func mustReadBI(t *testing.T, at, sql string) {
	t.Helper()
	found := relation.FindAllStringSubmatch(part.ReplaceAllString(sql, ""), -1)
	if len(found) == 0 {
		t.Errorf("%s reads nothing", at)
	}
	for _, match := range found {
		if !strings.HasPrefix(match[1], "bi.") {
			t.Errorf("%s reads %s, which is not of bi", at, match[1])
		}
	}
	for line := range strings.Lines(sql) {
		if len(line) > 150 {
			t.Errorf("%s: a line of %d characters", at, len(line))
		}
	}
}
