package config

import (
	"strconv"

	"gopkg.in/yaml.v3"
)

// The kinds of values in an edgemanage.yaml.

// text reads a key that is a string; ok is false when it is missing or none.
func (p *python) text(keys map[string]field, name string) (s string, ok bool) {
	f, there := keys[name]
	if !there {
		return "", false
	}
	if f.value.Kind != yaml.ScalarNode || f.value.Tag != "!!str" || f.value.Value == "" {
		p.faultf(f.line, name, "expected a text")
		return "", false
	}
	return f.value.Value, true
}

// number reads a key that is a number, and writes it as a property has it.
func (p *python) number(f field, expected string) (string, bool) {
	var n float64
	if f.value.Kind != yaml.ScalarNode || f.value.Tag != "!!int" && f.value.Tag != "!!float" || f.value.Decode(&n) != nil {
		p.faultf(f.line, f.name, "expected %s", expected)
		return "", false
	}
	return strconv.FormatFloat(n, 'f', -1, 64), true
}

// list reads a key that is a list of texts, or one text.
func (p *python) list(f field, expected string) (texts []string, ok bool) {
	items := []*yaml.Node{f.value}
	if f.value.Kind == yaml.SequenceNode {
		items = f.value.Content
	}
	ok = true
	for _, item := range items {
		item = resolve(item)
		if item.Kind != yaml.ScalarNode || item.Tag != "!!str" || item.Value == "" {
			p.faultf(item.Line, f.name, "expected %s, a text each", expected)
			ok = false
			continue
		}
		texts = append(texts, item.Value)
	}
	if ok && len(texts) == 0 && f.name == "dns.ns_records" {
		p.faultf(f.line, f.name, "an empty list: expected %s", expected)
		return nil, false
	}
	return texts, ok
}
