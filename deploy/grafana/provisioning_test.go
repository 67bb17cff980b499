package grafana

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// The fields that Grafana's provisioning files use.
type (
	datasources struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Name      string         `yaml:"name"`
			UID       string         `yaml:"uid"`
			Type      string         `yaml:"type"`
			Access    string         `yaml:"access"`
			URL       string         `yaml:"url"`
			User      string         `yaml:"user"`
			IsDefault bool           `yaml:"isDefault"`
			Editable  bool           `yaml:"editable"`
			JSONData  connectionData `yaml:"jsonData"`
			Secure    struct {
				Password string `yaml:"password"`
			} `yaml:"secureJsonData"`
		} `yaml:"datasources"`
	}
	connectionData struct {
		Database         string `yaml:"database"`
		SSLMode          string `yaml:"sslmode"`
		PostgresVersion  int    `yaml:"postgresVersion"`
		Timescaledb      bool   `yaml:"timescaledb"`
		MaxOpenConns     int    `yaml:"maxOpenConns"`
		MaxIdleConns     int    `yaml:"maxIdleConns"`
		MaxIdleConnsAuto bool   `yaml:"maxIdleConnsAuto"`
		ConnMaxLifetime  int    `yaml:"connMaxLifetime"`
	}
	providers struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name                  string `yaml:"name"`
			Type                  string `yaml:"type"`
			Folder                string `yaml:"folder"`
			AllowUIUpdates        bool   `yaml:"allowUiUpdates"`
			DisableDeletion       bool   `yaml:"disableDeletion"`
			UpdateIntervalSeconds int    `yaml:"updateIntervalSeconds"`
			Options               struct {
				Path string `yaml:"path"`
			} `yaml:"options"`
		} `yaml:"providers"`
	}
)

func mustYAML[T any](t *testing.T, path string) (v T) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

// The data source has the uid that dashboards name, and reads as the user of reader.sql, within that user's limit of
// connections and with a password from a file.
func TestDataSourceReadsAsTheReader(t *testing.T) {
	t.Parallel()
	sources := mustYAML[datasources](t, "provisioning/datasources/wheelhouse.yaml")
	if len(sources.Datasources) != 1 || sources.APIVersion != 1 {
		t.Fatalf("not one data source: %+v", sources)
	}
	s := sources.Datasources[0]
	if (datasource{s.Type, s.UID}) != warehouse || s.Editable {
		t.Errorf("the data source is %+v", s)
	}
	if !strings.HasPrefix(s.Secure.Password, "$__file{/run/secrets/") {
		t.Error("a password in the open")
	}
	text, err := os.ReadFile("reader.sql")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte("ALTER ROLE "+s.User+" LOGIN INHERIT CONNECTION LIMIT 10 ")) || s.JSONData.MaxOpenConns > 10 {
		t.Errorf("reader.sql makes another user than %s, or with fewer connections than %d", s.User, s.JSONData.MaxOpenConns)
	}
	if p := mustYAML[providers](t, "provisioning/dashboards/wheelhouse.yaml"); p.APIVersion != 1 || len(p.Providers) != 1 || p.Providers[0].Type != "file" {
		t.Errorf("the dashboards' provider is %+v", p)
	}
}
