package config

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// The keys of an edgemanage.yaml. Those of pythonUnused mean nothing to a server.
var (
	pythonKeys = []string{
		"testobject", "dns", "run_frequency", "healthdata_store", "edgelist_dir", "extra_edgelist_dir", "dnschange_maxfreq",
		"workers", "retry", "goodenough", "timeout", "canary_killer", "statefile", "logpath", "lockfile", "zonetemplate_dir",
		"edge_count", "dnet_edge_count", "named_dir", "live_list", "canary_files", "prometheus_logs", "commands",
	}
	pythonObjectKeys = []string{
		"testobject.host", "testobject.proto", "testobject.port", "testobject.uri", "testobject.local", "testobject.verify",
	}
	pythonZoneKeys    = []string{"dns.ns_records", "dns.soa_nameserver", "dns.soa_mailbox", "dns.rotate_zones"}
	pythonCommandKeys = []string{"commands.run_before", "commands.run_after", "commands.run_after_changes"}
	pythonUnused      = []string{"logpath", "lockfile", "prometheus_logs"}
)

// pythonHints are for keys that some versions of the tool know.
var pythonHints = map[string]string{
	"dnet_rotation_minutes": "timed rotation is the property rotate_every",
	"log_level":             "the plugin debug has more logged",
}

// pythonHint is the end of a warning about an unknown key: what there is instead, or which key was probably meant.
func pythonHint(name string, known []string) string {
	if hint, ok := pythonHints[name]; ok {
		return "; " + hint
	}
	if best := nearest(name, known); best != "" {
		return fmt.Sprintf(": did you mean %s?", best)
	}
	return ""
}

// pythonTTL is that of the tool's zones, in seconds.
const pythonTTL = "300"

// pythonOrder is the place of a property among the settings: that of the documentation.
func pythonOrder(name string) int {
	return slices.Index([]string{
		"edges", "object", "insecure_skip_verify", "ns", "soa", "ttl", "labels", "includes", "zonefiles", "canaries",
		"canary_killer", "edge_count", "min_live", "keep", "max_changes", "fall", "rise", "interval", "timeout", "retry",
		"workers", "goodenough", "families", "live_list", "run",
	}, name)
}

// object is what is fetched.
func (p *python) object(top map[string]field) {
	keys, line, ok := p.under(top, "testobject", pythonObjectKeys)
	if !ok {
		if _, wrong := top["testobject"]; !wrong {
			p.missing(line, "testobject", "object", "host, proto, uri and local")
		}
		return
	}
	host, okHost := p.text(keys, "testobject.host")
	proto, okProto := p.text(keys, "testobject.proto")
	uri, okURI := p.text(keys, "testobject.uri")
	local, okLocal := p.text(keys, "testobject.local")
	for _, required := range []struct {
		name, expected string
		ok             bool
	}{
		{"testobject.host", "the host of the URL", okHost}, {"testobject.proto", "http or https", okProto},
		{"testobject.uri", "the path of the URL", okURI}, {"testobject.local", "the file to compare with", okLocal},
	} {
		if _, there := keys[required.name]; !there {
			p.missing(line, required.name, "object", required.expected)
		}
	}
	if okProto && proto != "http" && proto != "https" {
		p.faultf(keys["testobject.proto"].line, "testobject.proto", "%s: expected http or https", quote(proto))
		okProto = false
	}
	authority := host
	if port, ok := keys["testobject.port"]; ok {
		n, ok := p.number(port, "a port")
		okProto = okProto && ok
		if n != map[string]string{"http": "80", "https": "443"}[proto] { // else it would stand in the header Host
			authority += ":" + n
		}
	}
	if okHost && okProto && okURI && okLocal {
		if uri != "" && uri[0] != '/' {
			uri = "/" + uri
		}
		p.set(field{name: "testobject", line: line}, "object", proto+"://"+authority+uri, local)
	}
	if verify, there := keys["testobject.verify"]; there {
		var on bool
		quoted := verify.value.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 // "no" is a text, and true to the tool
		switch err := verify.value.Decode(&on); {
		case err != nil || quoted:
			p.faultf(verify.line, verify.name, "expected true or false")
		case !on && proto == "https":
			p.set(verify, "insecure_skip_verify")
		}
	}
}

// zones is what the zones have in common.
func (p *python) zones(top map[string]field) {
	keys, line, ok := p.under(top, "dns", pythonZoneKeys)
	if !ok {
		if _, wrong := top["dns"]; !wrong {
			p.missing(line, "dns", "ns", "ns_records")
		}
		return
	}
	if ns, ok := keys["dns.ns_records"]; !ok {
		p.missing(line, "dns.ns_records", "ns", "the names of the name servers")
	} else if names, ok := p.list(ns, "names of name servers"); ok {
		p.set(ns, "ns", names...)
	}
	mname, okName := p.text(keys, "dns.soa_nameserver")
	rname, okBox := p.text(keys, "dns.soa_mailbox")
	_, hasName := keys["dns.soa_nameserver"]
	_, hasBox := keys["dns.soa_mailbox"]
	switch {
	case okName && okBox:
		p.set(keys["dns.soa_nameserver"], "soa", mname, rname)
	case hasName && !hasBox:
		p.missing(keys["dns.soa_nameserver"].line, "dns.soa_mailbox", "soa", "a mailbox beside dns.soa_nameserver")
	case hasBox && !hasName:
		p.missing(keys["dns.soa_mailbox"].line, "dns.soa_nameserver", "soa", "a name server beside dns.soa_mailbox")
	}
	if labels, ok := keys["dns.rotate_zones"]; ok {
		names, ok := p.list(labels, "names under the zones")
		names = slices.DeleteFunc(names, func(s string) bool { return s == "@" }) // the apex always carries the addresses
		if ok && len(names) > 0 {
			p.set(labels, "labels", names...)
		}
	}
}

// translate does the keys that are a property each.
func (p *python) translate(top map[string]field) {
	p.lists(top)
	for _, n := range []struct{ key, property, expected string }{
		{"run_frequency", "interval", "seconds"}, {"workers", "workers", "a number"}, {"retry", "retry", "a number"},
		{"goodenough", "goodenough", "seconds"}, {"timeout", "timeout", "seconds"},
	} {
		if f, ok := top[n.key]; ok {
			if v, ok := p.number(f, n.expected); ok {
				p.set(f, n.property, v)
			}
		}
	}
	if f, ok := top["dnschange_maxfreq"]; ok {
		if v, ok := p.number(f, "a number"); ok {
			p.set(f, "max_changes", v, "10m")
		}
	}
	p.counts(top)
	if dir, ok := p.text(top, "zonetemplate_dir"); ok {
		p.set(top["zonetemplate_dir"], "includes", inside(dir, p.network))
	}
	if dir, ok := p.text(top, "named_dir"); ok {
		p.set(top["named_dir"], "zonefiles", dir)
	}
	if file, ok := p.text(top, "live_list"); ok {
		p.set(top["live_list"], "live_list", p.path(file))
	}
	p.canaries(top)
	p.commands(top)
	if dir, ok := p.text(top, "healthdata_store"); ok {
		p.imports.HealthStore = join(p.root, p.path(dir))
	}
	if file, ok := p.text(top, "statefile"); ok {
		p.imports.StateFile = join(p.root, p.path(file))
	}
}

// lists are the edge lists. The tool does without the extra one where there is none.
func (p *python) lists(top map[string]field) {
	dir, ok := p.text(top, "edgelist_dir")
	if _, there := top["edgelist_dir"]; !there {
		p.missing(p.top, "edgelist_dir", "edges", "the directory of the edge lists")
	}
	if !ok {
		return
	}
	files := []string{inside(dir, p.network)}
	if extra, ok := p.text(top, "extra_edgelist_dir"); ok && p.exists(inside(extra, p.network)) {
		files = append(files, inside(extra, p.network))
	}
	p.set(top["edgelist_dir"], "edges", files...)
}

// counts is how many edges are to be live: a number of the network's own goes before that of all.
func (p *python) counts(top map[string]field) {
	own := false
	if f, ok := top["dnet_edge_count"]; ok {
		if f.value.Kind != yaml.MappingNode {
			p.faultf(f.line, f.name, "expected a number for each network, such as mynet: 4")
			own = true
		} else {
			known := []string{}
			for i := 0; i+1 < len(f.value.Content); i += 2 {
				known = append(known, f.name+"."+f.value.Content[i].Value)
			}
			counts := p.keys(f.name+".", f.value, known)
			if c, ok := counts[f.name+"."+p.network]; ok {
				own = true
				if v, ok := p.number(c, "a number"); ok {
					p.set(c, "edge_count", v)
				}
			}
		}
	}
	if f, ok := top["edge_count"]; ok {
		if v, ok := p.number(f, "a number"); ok && !own {
			p.set(f, "edge_count", v)
		}
	}
}

// canaries are taken from a file that the tool does without where there is none.
func (p *python) canaries(top map[string]field) {
	file, ok := p.text(top, "canary_files")
	if !ok {
		return
	}
	f := top["canary_files"]
	if file = p.path(file); !p.exists(file) {
		p.warnings = append(p.warnings, fmt.Sprintf("%s: canary_files: %s does not exist: there are no canaries", p.at(f.line), quote(file)))
		return
	}
	p.set(f, "canaries", file)
	if killer, ok := top["canary_killer"]; ok {
		if v, ok := p.number(killer, "a number"); ok {
			p.set(killer, "canary_killer", v)
		}
	}
}

// commands are what is run.
func (p *python) commands(top map[string]field) {
	keys, _, ok := p.under(top, "commands", pythonCommandKeys)
	if !ok {
		return
	}
	for _, when := range []When{Before, After, AfterChanges} {
		f, ok := keys["commands.run_"+string(when)]
		if !ok {
			continue
		}
		lines, ok := p.list(f, "commands")
		if !ok {
			continue
		}
		for _, line := range lines {
			argv, err := splitCommand(line)
			if err != nil {
				p.faultf(f.line, f.name, "%w", err)
				continue
			}
			if strings.ContainsAny(line, "|&;<>$`") {
				p.warnings = append(p.warnings, fmt.Sprintf("%s: %s: %s looks like one for a shell: it is run without", p.at(f.line), f.name, quote(line)))
			}
			p.set(f, "run", append([]string{string(when)}, argv...)...)
		}
	}
}

// always is what the tool does and has no key for.
func (p *python) always() {
	f := field{line: p.top}
	for _, s := range [][]string{
		{"ttl", pythonTTL}, {"keep", "pass_threshold"}, {"min_live", "1"}, {"fall", "1"}, {"rise", "1"}, {"families", "ipv4"},
	} {
		p.set(f, s[0], s[1:]...)
	}
}
