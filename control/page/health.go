package page

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// health answers 200 and "ok" while every network has something to answer queries with, else 503; the lines that follow
// name the networks.
func (h *handler) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	s, err := h.sites.get(ctx)
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, "not ok\n%s\n", plain(err.Error()))
		return
	}
	healthy := len(s.networks) > 0
	var lines strings.Builder
	for _, n := range s.networks {
		trouble := unhealthy(n.network)
		if trouble != "" {
			healthy = false
			fmt.Fprintf(&lines, "%s: %s\n", plain(n.network.Network), trouble)
			continue
		}
		fmt.Fprintf(&lines, "%s: ready\n", plain(n.network.Network))
	}
	if !healthy {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, "not ")
	}
	fmt.Fprint(w, "ok\n"+lines.String())
}

// unhealthy says why a network answers with SERVFAIL, or nothing when it does not.
func unhealthy(n control.Network) string {
	if !n.Ready {
		return "not decided yet"
	}
	for _, f := range n.Families {
		if f.Rung == "none" && !empty(f) {
			return "no " + familyName(f.Family) + " address to answer with"
		}
	}
	return ""
}
