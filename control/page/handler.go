package page

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// Limits of one request.
const (
	patience   = 10 * time.Second // for the networks to answer
	renderers  = 1                // pages made at one time; the others wait, so that lookers leave queries a processor
	longestURL = 2048             // bytes
	longestAsk = 200              // bytes of a query that are looked at
)

// policy lets a page load what is ours and nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed page.html
var pages embed.FS

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"asset": func(name string) string { return assets[name].path },
}).ParseFS(pages, "page.html"))

// A handler answers what comes to the status address.
type handler struct {
	hosts hosts
	sites *cache
	slots chan struct{}
	mux   *http.ServeMux
}

// newHandler makes the handler for a page that shows what read returns. What is under /v1/ goes to api.
func newHandler(address string, api http.Handler, read func(context.Context) (site, error), now func() time.Time) *handler {
	h := &handler{hosts: newHosts(address), sites: newCache(read, now), slots: make(chan struct{}, renderers), mux: http.NewServeMux()}
	h.mux.HandleFunc("/{$}", h.page)
	h.mux.HandleFunc("/healthz", h.health)
	for _, a := range assets {
		h.mux.HandleFunc(a.path, a.serve)
	}
	h.mux.Handle("/v1/", api)
	return h
}

// ServeHTTP lets through what may only read, whatever is behind it.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	switch {
	case !h.hosts.allow(r):
		http.Error(w, "this name is not served here: ask by the configured name, by an address or by localhost", http.StatusMisdirectedRequest)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		header.Set("Allow", "GET, HEAD")
		refuse(w, r, http.StatusMethodNotAllowed, control.CodeMethodNotAllowed, "only GET and HEAD are answered here: changes go by the control socket")
	case len(r.URL.RequestURI()) > longestURL:
		refuse(w, r, http.StatusRequestURITooLong, control.CodeTooLarge, "the address is too long")
	default:
		h.mux.ServeHTTP(w, r)
	}
}

// refuse answers with an error: in the API's form where the API is, else as text.
func refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	if !strings.HasPrefix(r.URL.Path, "/v1/") {
		http.Error(w, message, status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(control.Failure{Error: control.Error{Code: code, Message: message}})
}

// page answers with the page.
func (h *handler) page(w http.ResponseWriter, r *http.Request) {
	// Who has closed his half of the connection, as nc does, still wants the answer; to net/http he has gone away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), patience)
	defer cancel()
	zip := acceptsGzip(r)
	body, err := h.render(ctx, ask(r), zip)
	if err != nil {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "the networks do not answer: "+plain(err.Error()), http.StatusServiceUnavailable)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Vary", "Accept-Encoding")
	if zip {
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // who went away does not want it
}

// render makes the page whole, and compresses it, before any of it is sent, so that a slow reader keeps nothing waiting.
func (h *handler) render(ctx context.Context, query string, zip bool) ([]byte, error) {
	s, err := h.sites.get(ctx)
	if err != nil {
		return nil, err
	}
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-h.slots }()
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, show(s, query)); err != nil {
		return nil, err
	}
	if zip {
		return compress(b.Bytes()), nil
	}
	return b.Bytes(), nil
}

// ask is what the reader looks for.
func ask(r *http.Request) string {
	query := r.URL.Query().Get("q")
	return strings.TrimSpace(plain(query[:min(len(query), longestAsk)]))
}

// acceptsGzip says whether the client asks for gzip; one that refuses it by q=0 is not known to exist, but is obeyed.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(name, "gzip") {
			return !strings.HasPrefix(strings.ReplaceAll(weight, " ", ""), "q=0") || strings.ContainsAny(weight, "123456789")
		}
	}
	return false
}

func compress(body []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // fails only for levels that there are not
	_, _ = z.Write(body)                            // to memory
	_ = z.Close()
	return b.Bytes()
}
