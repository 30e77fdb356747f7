//go:build e2e

package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// prometheus is a real one that scrapes a server every second and evaluates the alert rules.
type prometheus struct {
	t   testing.TB
	url string
	log bytes.Buffer
}

// startPrometheus starts one with the configuration of the examples, for a metrics page on loopback.
func startPrometheus(t testing.TB, target string) *prometheus {
	t.Helper()
	rules, err := filepath.Abs(alertsFile)
	if err != nil {
		t.Fatal(err)
	}
	conf := readFile(t, scrapeFile)
	for _, e := range []edit{
		{"192.0.2.1:9153", target}, {"  - alerts.yml", "  - " + rules},
		{"scrape_interval: 15s", "scrape_interval: 1s"}, {"evaluation_interval: 15s", "evaluation_interval: 1s"},
	} {
		if n := strings.Count(conf, e.from); n != 1 {
			t.Fatalf("%s holds %q %d times, want once", scrapeFile, e.from, n)
		}
		conf = strings.Replace(conf, e.from, e.to, 1)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(path, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	addr := "127.0.0.1:" + freePort(t)
	p := &prometheus{t: t, url: "http://" + addr}
	cmd := exec.Command(need(t, "prometheus"), "--config.file="+path, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+addr, "--log.level=warn")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &p.log, &p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting prometheus: %v", err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if t.Failed() {
			t.Logf("prometheus said:\n%s", p.log.String())
		}
	})
	eventually(t, patience, "prometheus to be ready", func() bool {
		status, _, err := get(p.url + "/-/ready")
		return err == nil && status == http.StatusOK
	})
	return p
}

// ask calls the API and decodes the data of its answer; an error is what it says was wrong.
func (p *prometheus) ask(path string, data any) error {
	_, body, err := get(p.url + path)
	if err != nil {
		return err
	}
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return fmt.Errorf("reading the answer to %s: %w", path, err)
	}
	if answer.Status != "success" {
		return errors.New(answer.Error)
	}
	return nil
}

// sample is one of a result.
type sample struct {
	Metric map[string]string `json:"metric"`
}

// query evaluates an expression now, with the variables that Grafana would replace. It looks far enough back to see what
// happened in the test, however slow the machine.
func (p *prometheus) query(expr string) (samples []sample, err error) {
	expr = strings.NewReplacer("$instance", ".*", "$network", ".*", "$__rate_interval", "10m", "[1m]", "[10m]").Replace(expr)
	var data struct{ Result []sample }
	err = p.ask("/api/v1/query?query="+url.QueryEscape(expr), &data)
	return data.Result, err
}
