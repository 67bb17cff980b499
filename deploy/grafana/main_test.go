package grafana

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"wheelhouse/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// board is the fields of a dashboard that the tests need. Another test checks the files with all types of Grafana.
type board struct {
	UID        string   `json:"uid"`
	Title      string   `json:"title"`
	Tags       []string `json:"tags"`
	Timezone   string   `json:"timezone"`
	Templating struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

type variable struct {
	Name       string     `json:"name"`
	Datasource datasource `json:"datasource"`
	Query      string     `json:"query"`
	Definition string     `json:"definition"`
	Refresh    int        `json:"refresh"`
	Multi      bool       `json:"multi"`
	IncludeAll bool       `json:"includeAll"`
	AllValue   string     `json:"allValue"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type panel struct {
	ID          int                      `json:"id"`
	Type        string                   `json:"type"`
	Title       string                   `json:"title"`
	Description string                   `json:"description"`
	GridPos     struct{ X, Y, W, H int } `json:"gridPos"`
	Datasource  datasource               `json:"datasource"`
	Interval    string                   `json:"interval"`
	Targets     []json.RawMessage        `json:"targets"`
	Links       []struct{ URL string }   `json:"links"`
	FieldConfig struct {
		Defaults struct {
			Unit       string          `json:"unit"`
			Thresholds json.RawMessage `json:"thresholds"`
		} `json:"defaults"`
		Overrides []struct {
			Matcher struct{ ID, Options string } `json:"matcher"`
		} `json:"overrides"`
	} `json:"fieldConfig"`
	Options struct {
		XField string                         `json:"xField"`
		SortBy []struct{ DisplayName string } `json:"sortBy"`
	} `json:"options"`
}

// target is a query in the format of the PostgreSQL data source, for which the SDK has no types.
type target struct {
	RefID      string     `json:"refId"`
	Datasource datasource `json:"datasource"`
	Format     string     `json:"format"`
	RawQuery   bool       `json:"rawQuery"`
	EditorMode string     `json:"editorMode"`
	RawSQL     string     `json:"rawSql"`
}

func (p panel) target(t *testing.T) (q target) {
	t.Helper()
	if len(p.Targets) != 1 {
		t.Fatalf("panel %q has %d queries, and these tests know of one", p.Title, len(p.Targets))
	}
	d := json.NewDecoder(bytes.NewReader(p.Targets[0]))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		t.Fatalf("panel %q: %v", p.Title, err)
	}
	return q
}

// files is the dashboards, by file name.
func files(t *testing.T) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("dashboards/*.json")
	if err != nil || len(names) == 0 {
		t.Fatal("no dashboards: ", err)
	}
	all := map[string][]byte{}
	for _, name := range names {
		if all[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func boards(t *testing.T) map[string]board {
	t.Helper()
	all := map[string]board{}
	for name, text := range files(t) {
		var b board
		if err := json.Unmarshal(text, &b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = b
	}
	return all
}
