package canary

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var addrs = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func texts(errs []error) (texts []string) {
	for _, err := range errs {
		texts = append(texts, err.Error())
	}
	return texts
}

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name, file string
		want       []Entry
		notes      []string
	}{
		{name: "empty"},
		{name: "blank", file: "\n  \n"},
		{name: "comments", file: "# none\n"},
		{name: "document without content", file: "---\n"},
		{name: "null", file: "~\n"},
		{name: "no entries", file: "{}\n"},
		{
			name: "both families",
			file: "# canaries of the shop\nexample.org: 192.0.2.200\n\nshop.example.net: 2001:db8::200 # new\n",
			want: []Entry{{"example.org.", addr("192.0.2.200"), 2}, {"shop.example.net.", addr("2001:db8::200"), 4}},
		},
		{
			name: "other spellings",
			file: "Example.ORG.: '192.0.2.200'\n\"_a.example.net\": \"2001:DB8:0::200\"\n",
			want: []Entry{{"example.org.", addr("192.0.2.200"), 1}, {"_a.example.net.", addr("2001:db8::200"), 2}},
		},
		{
			name: "flow",
			file: "{example.org: 192.0.2.200, example.net: 192.0.2.201}",
			want: []Entry{{"example.org.", addr("192.0.2.200"), 1}, {"example.net.", addr("192.0.2.201"), 1}},
		},
		{
			name: "invalid ones among others",
			file: "example.org: 10.0.2\nexample.com:\nexample..net: 192.0.2.1\n'': 192.0.2.1\n.: 192.0.2.1\nlist.example: [192.0.2.1]\n" +
				"[a]: 192.0.2.1\nbad name: 192.0.2.1\nzone.example: fe80::1%eth0\nmapped.example: ::ffff:192.0.2.1\nany.example: 0.0.0.0\n" +
				"multicast.example: ff02::1\nport.example: 192.0.2.1:80\nhost.example: edge1.example.net\ngood.example: 192.0.2.1\n",
			want: []Entry{{"good.example.", addr("192.0.2.1"), 15}},
			notes: []string{
				`reading canaries "c.yaml": line 1: zone example.org.: "10.0.2" is not an address: expected IPv4 or IPv6`,
				`reading canaries "c.yaml": line 2: zone example.com.: "" is not an address: expected IPv4 or IPv6`,
				`reading canaries "c.yaml": line 3: "example..net" is not a zone: expected a name such as example.org`,
				`reading canaries "c.yaml": line 4: "" is not a zone: expected a name such as example.org`,
				`reading canaries "c.yaml": line 5: "." is not a zone: expected a name such as example.org`,
				`reading canaries "c.yaml": line 6: zone list.example. has no single address: expected one`,
				`reading canaries "c.yaml": line 7: expected zone: address`,
				`reading canaries "c.yaml": line 8: "bad name" is not a zone: expected a name such as example.org`,
				`reading canaries "c.yaml": line 9: zone zone.example.: "fe80::1%eth0" has a zone: expected an address that means the same everywhere`,
				`reading canaries "c.yaml": line 10: zone mapped.example.: "::ffff:192.0.2.1" is an IPv4 address in IPv6: expected 192.0.2.1`,
				`reading canaries "c.yaml": line 11: zone any.example.: "0.0.0.0" is the unspecified address: expected that of a server`,
				`reading canaries "c.yaml": line 12: zone multicast.example.: "ff02::1" is a multicast address: expected that of a server`,
				`reading canaries "c.yaml": line 13: zone port.example.: "192.0.2.1:80" is not an address: expected IPv4 or IPv6`,
				`reading canaries "c.yaml": line 14: zone host.example.: "edge1.example.net" is not an address: expected IPv4 or IPv6`,
			},
		},
		{
			name:  "dots",
			file:  "..: 192.0.2.1\n",
			notes: []string{`reading canaries "c.yaml": line 1: ".." is not a zone: expected a name such as example.org`},
		},
		{
			name: "a zone twice",
			file: "example.org: 192.0.2.1\nEXAMPLE.org.: 192.0.2.2\nexample.net: 192.0.2.2\n",
			want: []Entry{{"example.org.", addr("192.0.2.1"), 1}, {"example.net.", addr("192.0.2.2"), 3}},
			notes: []string{
				`reading canaries "c.yaml": line 2: zone example.org. has a canary in line 1 already: expected one`,
			},
		},
		{
			name: "a shared address",
			file: "example.org: 2001:db8::1\nexample.net: 2001:0db8::0:1\n",
			want: []Entry{{"example.org.", addr("2001:db8::1"), 1}},
			notes: []string{
				`reading canaries "c.yaml": line 2: 2001:db8::1 is the canary of example.org. in line 1: expected one for each zone`,
			},
		},
		{
			name: "an alias is its address",
			file: "example.org: &a 192.0.2.1\nexample.net: *a\n",
			want: []Entry{{"example.org.", addr("192.0.2.1"), 1}},
			notes: []string{
				`reading canaries "c.yaml": line 2: 192.0.2.1 is the canary of example.org. in line 1: expected one for each zone`,
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, notes, err := Parse("c.yaml", []byte(test.file))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, addrs); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.notes, texts(notes)); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseNoMapping(t *testing.T) {
	for _, test := range []struct{ name, file, want string }{
		{"scalar", "example.org\n", `reading canaries "c.yaml": line 1: expected a mapping, zone: address`},
		{"list", "\n- example.org: 192.0.2.1\n", `reading canaries "c.yaml": line 2: expected a mapping, zone: address`},
		{"two documents", "a.example: 192.0.2.1\n---\nb.example: 192.0.2.2\n", `reading canaries "c.yaml": expected a single YAML document`},
		{"no YAML", "example.org: 192.0.2.1\n\tx: {\n", `reading canaries "c.yaml": yaml: line 2: found a tab character that violates indentation`},
		{"unclosed", "{example.org: 192.0.2.1", `reading canaries "c.yaml": yaml: line 1: did not find expected ',' or '}'`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, notes, err := Parse("c.yaml", []byte(test.file))
			if err == nil || len(got)+len(notes) > 0 {
				t.Fatalf("got %v, %v, %v", got, notes, err)
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestConflicts(t *testing.T) {
	entries := []Entry{{"a.example.", addr("192.0.2.1"), 1}, {"b.example.", addr("192.0.2.2"), 2}, {"c.example.", addr("2001:db8::1"), 3}}
	owners := map[netip.Addr]string{addr("192.0.2.2"): "edge2", addr("2001:db8::1"): "edge3", addr("192.0.2.9"): "edge9"}
	want := []string{
		`line 2: canary 192.0.2.2 of b.example. is edge "edge2": expected an address of its own`,
		`line 3: canary 2001:db8::1 of c.example. is edge "edge3": expected an address of its own`,
	}
	if diff := cmp.Diff(want, texts(Conflicts(entries, owners))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzParse: whatever the file, zones and addresses are valid and nobody's twice.
func FuzzParse(f *testing.F) {
	f.Add([]byte("example.org: 192.0.2.1\nexample.net: 2001:db8::1\n"))
	f.Add([]byte("a: &x {b: *x}\n<<: *x\n? [c]\n: d\n"))
	f.Add([]byte("{a.example: !!binary aGk=, b.example: 0x10}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, _, err := Parse("c.yaml", data)
		if err != nil && entries != nil {
			t.Errorf("entries beside %v", err)
		}
		zones, taken := map[string]bool{}, map[netip.Addr]bool{}
		for _, e := range entries {
			if zones[e.Zone] || taken[e.Addr] || !e.Addr.IsValid() || e.Line < 1 {
				t.Errorf("got %+v among %+v", e, entries)
			}
			zones[e.Zone], taken[e.Addr] = true, true
			if again, err := parseZone(e.Zone); err != nil || again != e.Zone {
				t.Errorf("zone %q: got %q, %v", e.Zone, again, err)
			}
		}
	})
}
