package nagios

import "testing"

func TestJudge(t *testing.T) {
	w, c := Above(3), Above(6)
	for v, want := range map[float64]Level{0: OK, 3: OK, 3.5: Warning, 6: Warning, 7: Critical} {
		if got := Judge(v, w, c); got != want {
			t.Errorf("%v: got %v, want %v", v, got, want)
		}
	}
}

func TestResult(t *testing.T) {
	between, err := ParseThreshold("@1:2")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		r    Result
		want string
	}{
		{"no data", Result{Label: "EDGE_ROTATE", Level: Unknown, Text: "no server"}, "EDGE_ROTATE UNKNOWN - no server"},
		{"one", Result{"EDGE_ROTATE", OK, "calm", []Datum{{Label: "changes", Warning: Above(3), Critical: Above(6), Min: "0"}}}, "EDGE_ROTATE OK - calm | changes=0;3;6;0"},
		{"unit and limits", Result{"X", Warning, "slow", []Datum{{Label: "slowest", Value: 0.25, Unit: "s", Warning: Above(0.7), Critical: between, Min: "0", Max: "10"}}}, "X WARN - slow | slowest=0.25s;0.7;@1:2;0;10"},
		{"several, and nothing but values", Result{"X", Critical, "bad", []Datum{{Label: "a b", Value: 1}, {Label: "c", Value: 1e6}}}, "X CRIT - bad | 'a b'=1 c=1000000"},
		{"characters with a meaning", Result{"X", OK, "a|b", []Datum{{Label: "it's=x", Value: 1}}}, "X OK - a/b | 'it''s_x'=1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.r.String(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
