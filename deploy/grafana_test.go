package deploy

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Compose mounts the files of grafana/ where they refer to each other, gives both containers their secrets, and starts them
// only with the profile.
func TestComposeStartsGrafana(t *testing.T) {
	t.Parallel()
	f := compose(t)
	dashboards, reader, postgres := f.Services["grafana"], f.Services["grafana-reader"], f.Services["postgres"]
	for name, service := range f.Services {
		if got, want := slices.Contains(service.Profiles, "grafana"), strings.HasPrefix(name, "grafana"); got != want {
			t.Errorf("%s: in the profile grafana: %t", name, got)
		}
	}
	for from, to := range map[string]string{
		"./grafana/provisioning": "/etc/grafana/provisioning", // the folder of Grafana's image
		"./grafana/dashboards":   setting(t, "grafana/provisioning/dashboards/wheelhouse.yaml", "path"),
		"grafana":                "/var/lib/grafana",
	} {
		if volume := from + ":" + to; !slices.Contains(dashboards.Volumes, volume) && !slices.Contains(dashboards.Volumes, volume+":ro") {
			t.Errorf("grafana: %s is not mounted", volume)
		}
	}
	source := "grafana/provisioning/datasources/wheelhouse.yaml"
	password := regexp.MustCompile(`^\$__file\{/run/secrets/(\w+)\}$`).FindStringSubmatch(setting(t, source, "password"))
	if password == nil || !slices.Contains(dashboards.Secrets, password[1]) || reader.Environment["GRAFANA_READER_PASSWORD_FILE"] != "/run/secrets/"+password[1] {
		t.Errorf("the data source's password %q is not the secret that reader.sh gives the user", password)
	}
	for _, variable := range []string{"POSTGRES_PASSWORD_FILE", "GRAFANA_READER_PASSWORD_FILE"} {
		if !strings.Contains(string(mustRead(t, "grafana/reader.sh")), `"$`+variable+`"`) {
			t.Errorf("reader.sh does not read %s", variable)
		}
		if secret, ok := strings.CutPrefix(reader.Environment[variable], "/run/secrets/"); !ok || !slices.Contains(reader.Secrets, secret) {
			t.Errorf("grafana-reader: %s is no secret it has", variable)
		}
	}
	if admin, ok := strings.CutPrefix(dashboards.Environment["GF_SECURITY_ADMIN_PASSWORD__FILE"], "/run/secrets/"); !ok || !slices.Contains(dashboards.Secrets, admin) {
		t.Error("grafana: admin's password is not a secret's")
	}
	if setting(t, source, "url") != reader.Environment["PGHOST"]+":5432" || setting(t, source, "database") != postgres.Environment["POSTGRES_DB"] ||
		reader.Environment["PGDATABASE"] != postgres.Environment["POSTGRES_DB"] || reader.Environment["PGUSER"] != postgres.Environment["POSTGRES_USER"] {
		t.Error("grafana looks for the warehouse elsewhere than compose puts it")
	}
	if reader.Image != postgres.Image || dashboards.DependsOn["grafana-reader"].Condition != "service_completed_successfully" {
		t.Error("grafana does not wait for its user, or psql is of another version than the server")
	}
	for _, port := range dashboards.Ports {
		if !strings.HasPrefix(port, "127.0.0.1:") {
			t.Errorf("grafana: port %s is open to others", port)
		}
	}
}

// setting is the value of a key that occurs once in a YAML file.
func setting(t *testing.T, file, key string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^ *`+key+`: (.+)$`).FindAllStringSubmatch(string(mustRead(t, file)), -1)
	if len(found) != 1 {
		t.Fatalf("%s has %d times %s", file, len(found), key)
	}
	return found[0][1]
}
