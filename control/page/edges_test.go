package page

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// names are those of the rows.
func names(rows []rowView) []string {
	var list []string
	for _, r := range rows {
		list = append(list, strings.TrimSuffix(r.Edge, ".example.net"))
	}
	return list
}

func TestQuery(t *testing.T) {
	all := []string{"edge01", "edge02", "edge03", "edge06", "edge05", "edge07", "edge09", "edge12", "edge10", "edge11", "edge08", "edge04", "edge99"}
	tests := []struct {
		query string
		want  []string
	}{
		{"", all},
		{"  ", all},
		{"live", []string{"edge01", "edge02", "edge03", "edge06"}},
		{"LIVE Edge01", []string{"edge01"}},
		{"fail", []string{"edge08"}},
		{"unavailable", []string{"edge04", "edge99"}},
		{"out pass_threshold", []string{"edge05", "edge07", "edge09", "edge12", "edge04"}},
		{"passing out pass", []string{"edge11"}},
		{"unknown", []string{"edge99"}},
		{"ipv6", nil},
		{"4711", []string{"edge04"}},
		{"192.0.2.12", []string{"edge12"}},
		{"ada", nil}, // claimed, which anybody may say of themselves
		{"grace", []string{"edge06", "edge99"}},
		{"edge0 example", []string{"edge01", "edge02", "edge03", "edge06", "edge05", "edge07", "edge09", "edge08", "edge04"}},
		{"nothing like it", nil},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			got := names(showEdges(deflect(), noon, tt.query).Rows)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Ten thousand edges make a page that a phone can hold: those that are live or in trouble, then some of the others.
func TestCrowd(t *testing.T) {
	s := crowd(10_000)
	table := showEdges(s.networks[0], noon, "")
	live, failing := 0, 0
	for _, r := range table.Rows {
		if r.Live {
			live++
		}
		if r.Grade == "fail" {
			failing++
		}
	}
	if len(table.Rows) != most || table.More != 10_000-most || live != 4 || failing != 100 {
		t.Errorf("%d rows and %d more, %d live, %d failing; want %d, %d, 4, 100", len(table.Rows), table.More, live, failing, most, 10_000-most)
	}
	for i, r := range table.Rows {
		if r.Live != (i < 4) {
			t.Errorf("row %d, %s: live is %v", i, r.Edge, r.Live)
		}
	}
	page := request((&stage{site: s}).handler(), "GET", "/").Body
	if got := page.Len(); got > 1<<20 {
		t.Errorf("the page has %d bytes", got)
	}
	if !strings.Contains(page.String(), "and 9700 more") {
		t.Error("the page does not say that there are more")
	}
	if got := names(showEdges(s.networks[0], noon, "edge1234.").Rows); !cmp.Equal(got, []string{"edge1234"}) {
		t.Errorf("the one that is looked for is not found: %q", got)
	}
}

// However many are live, all of them are shown.
func TestCrowdAllLive(t *testing.T) {
	r := crowd(1000).networks[0]
	for i := range r.edges {
		r.edges[i].Live = i%2 == 0
	}
	table := showEdges(r, noon, "")
	if len(table.Rows) != 500 || table.More != 500 {
		t.Errorf("%d rows, %d more, want 500 and 500", len(table.Rows), table.More)
	}
}

func TestCounts(t *testing.T) {
	got := map[string]int{}
	for _, c := range counts(deflect().edges) {
		got[c.Word] = c.Count
	}
	want := map[string]int{"live": 4, "passing": 11, "fail": 1, "unknown": 1, "unavailable": 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An edge that is not configured stands in the table for its mode alone.
func TestAbsentEdge(t *testing.T) {
	e := control.Edge{Edge: "gone.example.net", Grade: "unknown", Mode: control.Mode{Mode: "unavailable", Comment: "sold", Author: "ada"}, Rule: "none", Reason: "out: not configured"}
	row := showEdge(e, deflect(), noon)
	if row.Last != "–" || row.Spark != nil || row.Mode.Comment != "sold" || row.Family != "" {
		t.Errorf("got %+v", row)
	}
}

func BenchmarkRender(b *testing.B) {
	for name, s := range map[string]site{"12": calm(), "10000": crowd(10_000)} {
		b.Run(name, func(b *testing.B) {
			h := (&stage{site: s}).handler()
			for b.Loop() {
				if _, err := h.render(b.Context(), "", false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
