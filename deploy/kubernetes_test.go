package deploy

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"wheelhouse/internal/settings"
)

func podCommand(t *testing.T, spec podSpec) command {
	t.Helper()
	if len(spec.Containers) != 1 {
		t.Fatalf("%d containers", len(spec.Containers))
	}
	container, k := spec.Containers[0], mustStrict[kustomization](t, mustRead(t, "kubernetes/kustomization.yaml"))
	c := command{args: container.Args, env: map[string]string{}, files: map[string]bool{}}
	for _, v := range container.Env {
		c.env[v.Name] = v.Value
		if from := v.ValueFrom.ConfigMapKeyRef; from.Name != "" {
			value, ok := k.literal(from.Name, from.Key)
			if !ok {
				t.Errorf("%s: the kustomization makes no %s in %s", v.Name, from.Key, from.Name)
			}
			c.env[v.Name] = value
		}
	}
	content := map[string][]string{}
	for _, v := range spec.Volumes {
		switch {
		case v.Secret.SecretName != "":
			example := mustStrict[secret](t, mustRead(t, "kubernetes/secret.example.yaml"))
			if v.Secret.SecretName != example.Metadata.Name || v.Secret.DefaultMode != 0o440 {
				t.Errorf("secret %s with mode %o is not the example's, or not for the group to read", v.Secret.SecretName, v.Secret.DefaultMode)
			}
			for key := range example.StringData {
				content[v.Name] = append(content[v.Name], key)
			}
		case v.ConfigMap.Name != "" && !v.ConfigMap.Optional && k.generated(v.ConfigMap.Name).Name == "":
			t.Errorf("the pod waits for the map %s, which nothing makes", v.ConfigMap.Name)
		}
	}
	for _, mount := range container.VolumeMounts {
		// By default the program uses a schedules.yaml in its working directory.
		if dir := dockerfile(t).last("WORKDIR"); mount.Name == "schedules" && mount.MountPath != dir {
			t.Errorf("the schedules are mounted at %s and looked for in %s", mount.MountPath, dir)
		}
		for _, name := range content[mount.Name] {
			c.files[mount.MountPath+"/"+name] = true
		}
	}
	return c
}

func TestCronJob(t *testing.T) {
	t.Parallel()
	job := mustStrict[cronJob](t, mustRead(t, "kubernetes/cronjob.yaml"))
	spec := job.Spec
	if job.APIVersion != "batch/v1" || job.Kind != "CronJob" {
		t.Errorf("%s %s", job.APIVersion, job.Kind)
	}
	if spec.ConcurrencyPolicy != "Forbid" || spec.TimeZone == "" || spec.JobTemplate.Spec.ActiveDeadlineSeconds >= 24*60*60 {
		t.Error("runs overlap, or fall on another night than meant")
	}
	// podFailurePolicy only works if pods are not restarted in place.
	if pod := spec.JobTemplate.Spec.Template.Spec; pod.RestartPolicy != "Never" || spec.JobTemplate.Spec.BackoffLimit < 1 {
		t.Error("restartPolicy or backoffLimit")
	}
	checkSchedule(t, spec.Schedule, spec.TimeZone)
	restricted(t, spec.JobTemplate.Spec.Template.Spec)
}

// checkSchedule checks a schedule as strictly as one in schedules.yaml.
func checkSchedule(t *testing.T, cron, zone string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "schedules.yaml")
	mustWrite(t, path, "streams:\n  usage_new:\n    cron: "+`"`+cron+`"`+"\n    timezone: "+zone+"\n")
	if _, err := settings.Load(settings.Options{Config: path, Offline: true, Lookup: func(string) (string, bool) { return "", false }}); err != nil {
		t.Error(err)
	}
}

func TestDeployment(t *testing.T) {
	t.Parallel()
	d := mustStrict[deployment](t, mustRead(t, "kubernetes/deployment.yaml"))
	restricted(t, d.Spec.Template.Spec)
	if d.APIVersion != "apps/v1" || d.Kind != "Deployment" {
		t.Errorf("%s %s", d.APIVersion, d.Kind)
	}
	if d.Spec.Replicas != 1 || d.Spec.Strategy.Type != "Recreate" {
		t.Error("two at once ask the API twice as often as they may")
	}
	for key, value := range d.Spec.Selector.MatchLabels {
		if d.Spec.Template.Metadata.Labels[key] != value {
			t.Errorf("the selector needs %s=%s, which the pods do not have", key, value)
		}
	}
}

// There are probes exactly if serve answers them. A probe without an answer would kill a
// healthy pod.
func TestProbesAreAnswered(t *testing.T) {
	t.Parallel()
	c := mustStrict[deployment](t, mustRead(t, "kubernetes/deployment.yaml")).Spec.Template.Spec.Containers[0]
	for path, probe := range map[string]*probe{"/healthz": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
		switch answered := inSource(t, `"`+path+`"`, `"GET `+path+`"`); {
		case answered && (probe == nil || probe.HTTPGet.Path != path):
			t.Errorf("serve answers %s now: deployment.yaml needs a probe for it, and WHEELHOUSE_LISTEN=:8080 for the kubelet", path)
		case !answered && probe != nil:
			t.Errorf("deployment.yaml probes %s, which nothing in cmd or internal answers", path)
		}
	}
}

// inSource reports whether one of the texts is in the program's source.
func inSource(t *testing.T, texts ...string) bool {
	t.Helper()
	found := false
	for _, dir := range []string{"../cmd", "../internal"} {
		err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			data, err := os.ReadFile(path)
			found = found || slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(string(data), text) })
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// restricted checks the restricted profile of Kubernetes for pods, and more.
func restricted(t *testing.T, spec podSpec) {
	t.Helper()
	pod := spec.SecurityContext
	if !pod.RunAsNonRoot || pod.RunAsUser == 0 || pod.FSGroup == 0 || pod.SeccompProfile.Type != "RuntimeDefault" {
		t.Error("the pod may run as root, cannot read its secrets, or has no seccomp profile")
	}
	if token := spec.AutomountServiceAccountToken; token == nil || *token {
		t.Error("the pod is given a token it has no use for")
	}
	if spec.TerminationGracePeriodSeconds < int(stopWithin(t).Seconds()) {
		t.Errorf("killed after %d s", spec.TerminationGracePeriodSeconds)
	}
	for _, c := range spec.Containers {
		if s := c.SecurityContext; s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || !s.ReadOnlyRootFilesystem ||
			!slices.Equal(s.Capabilities.Drop, []string{"ALL"}) {
			t.Errorf("%s: must have no escalation, a read-only root and no capabilities", c.Name)
		}
		if !slices.ContainsFunc(c.VolumeMounts, func(m volumeMount) bool { return m.MountPath == "/tmp" && !m.ReadOnly }) {
			t.Errorf("%s: no /tmp to spool to", c.Name)
		}
		for _, m := range c.VolumeMounts {
			if !slices.ContainsFunc(spec.Volumes, func(v volume) bool { return v.Name == m.Name }) {
				t.Errorf("%s: no volume %s", c.Name, m.Name)
			}
		}
		if c.Resources.Limits["memory"] == "" || c.Resources.Requests["cpu"] == "" {
			t.Errorf("%s: no memory limit or CPU request", c.Name)
		}
	}
}

func TestKustomization(t *testing.T) {
	t.Parallel()
	k := mustStrict[kustomization](t, mustRead(t, "kubernetes/kustomization.yaml"))
	for _, path := range k.Resources {
		if _, err := os.Stat("kubernetes/" + path); err != nil {
			t.Error(err)
		}
	}
	if len(k.Images) != 1 || k.Images[0].Name != "wheelhouse" {
		t.Error("the pods' image is not the one that is renamed")
	}
	if output, ran := tool(t, "kubectl", "kustomize", "kubernetes"); ran {
		rendered(t, "CronJob", "", string(output))
	}
	// The changes that its comments suggest: each of the two forms, and own schedules.
	const schedules = "requests_per_second: 1\n"
	for name, resource := range map[string]string{"CronJob": "cronjob.yaml", "Deployment": "deployment.yaml"} {
		dir := filepath.Join(t.TempDir(), "kubernetes")
		if err := os.CopyFS(dir, os.DirFS("kubernetes")); err != nil {
			t.Fatal(err)
		}
		mustWrite(t, dir+"/schedules.yaml", schedules)
		text := strings.NewReplacer("  - cronjob.yaml\n", "", "  # - deployment.yaml\n", "  - "+resource+"\n",
			"  # - name: wheel", "  - name: wheel", "  #   files:", "    files:", "  #     - sched", "      - sched").
			Replace(string(mustRead(t, "kubernetes/kustomization.yaml")))
		mustWrite(t, dir+"/kustomization.yaml", text)
		changed := mustStrict[kustomization](t, []byte(text))
		if !slices.Equal(changed.Resources, []string{resource}) || !slices.Equal(changed.generated("wheelhouse-schedules").Files, []string{"schedules.yaml"}) {
			t.Errorf("the comments, followed, give %+v", changed)
		}
		if output, ran := tool(t, "kubectl", "kustomize", dir); ran {
			rendered(t, name, schedules, string(output))
		}
	}
}

// rendered checks the output of kustomize with strict types: it must be in the namespace, and refer to the generated maps.
// schedules is the content of the pod's schedules.yaml, or "".
func rendered(t *testing.T, want, schedules, output string) {
	t.Helper()
	maps, pods := map[string]configMap{}, []podSpec{}
	for document := range strings.SplitSeq(output, "\n---\n") {
		data := []byte(document)
		kind := ""
		for line := range strings.Lines(document) {
			if after, ok := strings.CutPrefix(line, "kind: "); ok {
				kind = strings.TrimSpace(after)
			}
		}
		switch kind {
		case "ConfigMap":
			m := mustStrict[configMap](t, data)
			maps[m.Metadata.Name] = m
		case "CronJob":
			pods = append(pods, mustStrict[cronJob](t, data).Spec.JobTemplate.Spec.Template.Spec)
		case "Deployment":
			pods = append(pods, mustStrict[deployment](t, data).Spec.Template.Spec)
		default:
			t.Errorf("a %q", kind)
		}
		if !strings.Contains(document, "\n  namespace: wheelhouse\n") && !strings.HasSuffix(document, "\n  namespace: wheelhouse") {
			t.Errorf("%s: not in the namespace", kind)
		}
		if kind != "ConfigMap" && kind != want {
			t.Errorf("a %s, want a %s", kind, want)
		}
	}
	if len(pods) != 1 {
		t.Fatalf("%d pods", len(pods))
	}
	i := slices.IndexFunc(pods[0].Volumes, func(v volume) bool { return v.Name == "schedules" })
	if i < 0 {
		t.Fatal("no volume of schedules")
	}
	v := pods[0].Volumes[i].ConfigMap
	if got := maps[v.Name].Data["schedules.yaml"]; got != schedules || !v.Optional {
		t.Errorf("the map %s (optional: %v) has %q, want %q", v.Name, v.Optional, got, schedules)
	}
	if from := pods[0].Containers[0].Env[0].ValueFrom.ConfigMapKeyRef; maps[from.Name].Data[from.Key] == "" {
		t.Errorf("no map %s with %s", from.Name, from.Key)
	}
	if image := pods[0].Containers[0].Image; !strings.Contains(image, "/wheelhouse:") {
		t.Errorf("image %s was not renamed", image)
	}
}
