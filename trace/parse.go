package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Parse reads a trace; file only names it in errors. Settings left out are
// those of Defaults.
func Parse(file string, data []byte) (Trace, error) {
	t := Trace{Settings: Defaults()}
	d, err := newDecoder(file, data)
	if err != nil {
		return t, err
	}
	p := parser{decoder: d}
	err = d.object(func(key string) (err error) {
		switch key {
		case "name":
			t.Name, err = scalar[string](d, "a string")
		case "settings":
			err = p.settings(&t.Settings)
		case "rounds":
			err = d.array(func() error { return p.round(&t) })
		case "expect":
			err = d.array(func() error { return p.expect(&t) })
		default:
			err = d.unknown("name", "settings", "rounds", "expect")
		}
		return err
	})
	switch {
	case err != nil:
		return t, err
	case len(t.Rounds) == 0:
		err = errors.New("rounds: there are none")
	case len(t.Expect) > len(t.Rounds):
		err = fmt.Errorf("expect: %d expectations for %d rounds", len(t.Expect), len(t.Rounds))
	}
	if err == nil {
		err = t.Settings.Validate()
	}
	if err != nil {
		return t, fmt.Errorf("reading trace %q: %w", file, err)
	}
	return t, nil
}

// parser reads the parts of a trace.
type parser struct {
	*decoder
	edges map[string]bool // the edge list as of the round being read
}

func (p *parser) settings(s *Settings) error {
	return p.object(func(key string) error {
		i := slices.IndexFunc(settings, func(t setting) bool { return t.name == key })
		if i < 0 {
			return p.fail("%w", unknownSetting(key))
		}
		text, err := settings[i].read(p.decoder)
		if err != nil {
			return err
		}
		if err := settings[i].set(s, text); err != nil {
			return p.fail("%w", err)
		}
		return nil
	})
}

func (p *parser) round(t *Trace) error {
	var r Round
	var fetched bool
	err := p.object(func(key string) (err error) {
		switch key {
		case "at":
			r.At, err = p.time()
		case "edges":
			r.Edges, err = p.names()
			if r.Edges == nil {
				r.Edges = []string{} // an empty list is a change too
			}
		case "modes":
			r.Modes = make(map[string]selector.Mode)
			err = p.object(func(edge string) (err error) {
				r.Modes[edge], err = named(p.decoder, selector.ParseMode)
				return err
			})
		case "fetch":
			fetched = true
			r.Fetch = make(map[string]Fetch)
			err = p.object(func(edge string) (err error) {
				r.Fetch[edge], err = p.fetch()
				return err
			})
		default:
			err = p.unknown("at", "edges", "modes", "fetch")
		}
		return err
	})
	if err != nil {
		return err
	}
	switch {
	case r.At.IsZero():
		return p.fail("at is missing")
	case !fetched:
		return p.fail("fetch is missing")
	case r.Edges == nil && len(t.Rounds) == 0:
		return p.fail("edges is missing from the first round")
	}
	if r.Edges != nil {
		p.edges = make(map[string]bool, len(r.Edges))
		for _, edge := range r.Edges {
			p.edges[edge] = true
		}
	}
	// Fields may come in any order, so this waits for the whole round.
	for edge := range r.Fetch {
		if !p.edges[edge] {
			return p.fail("fetch has %q, which is not in the edge list", edge)
		}
	}
	t.Rounds = append(t.Rounds, r)
	return nil
}

func (p *parser) expect(t *Trace) error {
	var e Expect
	err := p.object(func(key string) (err error) {
		switch key {
		case "live":
			e.Live, err = p.names()
			if e.Live == nil {
				e.Live = []string{} // none expected, not: nothing expected
			}
		case "rotated":
			var rotated bool
			rotated, err = scalar[bool](p.decoder, "true or false")
			e.Rotated = &rotated
		case "rung":
			var rung selector.Rung
			rung, err = named(p.decoder, selector.ParseRung)
			e.Rung = &rung
		case "health":
			e.Health = make(map[string]history.Grade)
			err = p.object(func(edge string) (err error) {
				e.Health[edge], err = named(p.decoder, history.ParseGrade)
				return err
			})
		default:
			err = p.unknown("live", "rotated", "rung", "health")
		}
		return err
	})
	t.Expect = append(t.Expect, e)
	return err
}

// names reads an array of distinct names.
func (p *parser) names() ([]string, error) {
	var names []string
	seen := make(map[string]bool)
	err := p.array(func() error {
		name, err := scalar[string](p.decoder, "a name")
		switch {
		case err != nil:
			return err
		case name == "":
			return p.fail("the name is empty")
		case seen[name]:
			return p.fail("%q is given twice", name)
		}
		seen[name] = true
		names = append(names, name)
		return nil
	})
	return names, err
}

// fetch reads seconds, or null for a failure.
func (p *parser) fetch() (Fetch, error) {
	t, err := p.json.Token()
	if err != nil {
		return Fetch{}, p.fail("%w", err)
	}
	switch t := t.(type) {
	case nil:
		return Fetch{Failed: true}, nil
	case json.Number:
		took, err := parseSeconds(t.String())
		if err != nil {
			return Fetch{}, p.fail("%w", err)
		}
		return Fetch{Took: took}, nil
	default:
		return Fetch{}, p.fail("want seconds or null, got %s", kind(t))
	}
}

// time reads seconds since the epoch, at most up to the year 9999.
func (p *parser) time() (time.Time, error) {
	n, err := scalar[json.Number](p.decoder, "seconds since the epoch")
	if err != nil {
		return time.Time{}, err
	}
	whole, nanos, ok := parseDecimal(n.String())
	if !ok || whole > 253402300799 {
		return time.Time{}, p.fail("%s is not a number of seconds since the epoch", n)
	}
	return time.Unix(whole, nanos).UTC(), nil
}

// named reads a string that parse makes a value of.
func named[T any](d *decoder, parse func(string) (T, error)) (T, error) {
	text, err := scalar[string](d, "a string")
	if err != nil {
		var zero T
		return zero, err
	}
	v, err := parse(text)
	if err != nil {
		return v, d.fail("%w", err)
	}
	return v, nil
}

func (d *decoder) unknown(allowed ...string) error {
	return d.fail("unknown field, want one of %s", strings.Join(allowed, ", "))
}
