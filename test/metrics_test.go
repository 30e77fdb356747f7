//go:build e2e

package test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// client makes a connection for each request, so that none is left when a test ends.
var client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

func get(url string) (status int, body string, err error) {
	r, err := client.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return r.StatusCode, string(b), err
}

// metricsPage waits for a metrics page and returns it.
func metricsPage(t testing.TB, addr string) (page string) {
	t.Helper()
	eventually(t, patience, "the metrics page", func() bool {
		status, body, err := get("http://" + addr + "/metrics")
		page = body
		return err == nil && status == http.StatusOK
	})
	return page
}

// metric returns the sum of the series of a metric that hold all of the labels, written as on the page; ok says whether
// there is one.
func metric(t testing.TB, addr, name string, labels ...string) (sum float64, ok bool) {
	t.Helper()
	for line := range strings.Lines(metricsPage(t, addr)) {
		series, value, found := strings.Cut(strings.TrimSpace(line), "} ")
		if !found || !strings.HasPrefix(series, "coredns_edgemanage_"+name+"{") {
			continue
		}
		all := true
		for _, l := range labels {
			all = all && strings.Contains(series, l)
		}
		if !all {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("reading metric %q: %v", line, err)
		}
		sum, ok = sum+v, true
	}
	return sum, ok
}

func label(name, value string) string { return fmt.Sprintf("%s=%q", name, value) }
