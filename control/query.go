package control

import (
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// parseQuery reads a query strictly: a parameter that is misspelt, repeated or empty would otherwise widen the answer
// without a word.
func parseQuery(raw string, known []string) (map[string]string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, failf(CodeBadRequest, "reading the query: %v", err)
	}
	query := map[string]string{}
	for name, given := range values {
		switch {
		case !slices.Contains(known, name):
			return nil, failf(CodeBadRequest, "%q is no parameter of this path: expected %s", name, strings.Join(known, ", "))
		case len(given) > 1:
			return nil, failf(CodeBadRequest, "parameter %s is given %d times", name, len(given))
		case given[0] == "":
			return nil, failf(CodeBadRequest, "parameter %s is empty: leave it out, or give a value", name)
		}
		query[name] = given[0]
	}
	return query, nil
}

// networks returns the networks of the source, or the one that the query names, by name.
func (r *request) networks() ([]*network.Network, error) {
	all := slices.Clone(r.source.Networks())
	slices.SortFunc(all, func(a, b *network.Network) int { return strings.Compare(a.Config().Name, b.Config().Name) })
	name, named := r.query["network"]
	if !named {
		return all, nil
	}
	n, err := pick(all, name)
	return []*network.Network{n}, err
}

// pick returns the network of a name; it need not name the only one.
func pick(all []*network.Network, name string) (*network.Network, error) {
	var names []string
	for _, n := range all {
		if n.Config().Name == name || name == "" && len(all) == 1 {
			return n, nil
		}
		names = append(names, n.Config().Name)
	}
	slices.Sort(names)
	switch {
	case len(all) == 0:
		return nil, failf(CodeNotRunning, "the server runs no network at the moment: try again")
	case name == "":
		return nil, failf(CodeNetworkRequired, "there are several networks: name one of %s", strings.Join(names, ", "))
	}
	return nil, failf(CodeUnknownNetwork, "%q is no network of this server: expected %s", name, strings.Join(names, ", "))
}

// word returns a parameter that parse accepts; empty when it is not given.
func word[T any](r *request, name string, parse func(string) (T, error)) (string, error) {
	value, given := r.query[name]
	if !given {
		return "", nil
	}
	if _, err := parse(value); err != nil {
		return "", failf(CodeBadRequest, "reading parameter %s: %v", name, err)
	}
	return value, nil
}

func parseFamily(s string) (f network.Family, err error) { return f, f.UnmarshalText([]byte(s)) }

func (r *request) family() (string, error) { return word(r, "family", parseFamily) }
func (r *request) grade() (string, error)  { return word(r, "grade", history.ParseGrade) }
func (r *request) mode() (string, error)   { return word(r, "mode", selector.ParseMode) }

// live returns nil when the query does not say.
func (r *request) live() (*bool, error) {
	switch value, given := r.query["live"]; {
	case !given:
		return nil, nil
	case value == "true", value == "false":
		return new(value == "true"), nil
	default:
		return nil, failf(CodeBadRequest, "reading parameter live: %q is neither true nor false", value)
	}
}

// edge returns the name or pattern of edges that the query gives, written as names are; empty when it gives none.
func (r *request) edge() (string, error) {
	given := r.query["edge"]
	if name, err := config.EdgeName(given); err == nil {
		return name, nil
	}
	if _, err := path.Match(given, ""); err != nil {
		return "", failf(CodeBadRequest, "reading parameter edge: %q is no pattern: %v", given, err)
	}
	return strings.TrimSuffix(strings.ToLower(given), "."), nil
}

// number returns a count from 1 to most, fallback when the query gives none.
func (r *request) number(name string, fallback, most int) (int, error) {
	value, given := r.query[name]
	if !given {
		return fallback, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > most {
		return 0, failf(CodeBadRequest, "reading parameter %s: %q is no number from 1 to %d", name, value, most)
	}
	return n, nil
}

// since returns a moment given as such or as the time until now; zero when the query gives none.
func (r *request) since(now time.Time) (time.Time, error) {
	value, given := r.query["since"]
	if !given {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(value); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return t, failf(CodeBadRequest, "reading parameter since: %q is neither a time such as 2026-01-02T15:04:05Z nor a duration such as 24h", value)
	}
	return t, nil
}
