package nagios

import (
	"math"
	"strings"
	"testing"
)

func TestThreshold(t *testing.T) {
	tests := []struct {
		text    string
		crossed []float64
		not     []float64
	}{
		{"10", []float64{-0.1, 10.1, 1e9, math.Inf(-1)}, []float64{0, 5, 10}},
		{"0", []float64{-1, 0.001, 1}, []float64{0}},
		{"10:", []float64{9.9, -1}, []float64{10, 11, math.Inf(1)}},
		{"~:10", []float64{10.1}, []float64{10, 0, -1e9, math.Inf(-1)}},
		{"10:20", []float64{9.9, 20.1}, []float64{10, 15, 20}},
		{"@10:20", []float64{10, 15, 20}, []float64{9.9, 20.1}},
		{"@10", []float64{0, 10}, []float64{-1, 11}},
		{"@~:0", []float64{-1, 0}, []float64{0.1}},
		{":10", []float64{-1, 11}, []float64{0, 10}},
		{"~:", nil, []float64{-1, 0, 1}},
		{"-5:-1.5", []float64{-6, 0}, []float64{-5, -1.5}},
		{"0.7", []float64{0.71}, []float64{0.7}},
		{"1e3", []float64{1001}, []float64{1000}},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			threshold, err := ParseThreshold(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if threshold.String() != tt.text {
				t.Errorf("got %q back", threshold)
			}
			for _, v := range tt.crossed {
				if !threshold.Crossed(v) {
					t.Errorf("%v does not cross it", v)
				}
			}
			for _, v := range tt.not {
				if threshold.Crossed(v) {
					t.Errorf("%v crosses it", v)
				}
			}
		})
	}
}

func TestParseThresholdFaults(t *testing.T) {
	for text, want := range map[string]string{
		"": "there is no number", "@": "there is no number", "x": `"x" is not a number`, "1:x": `"x" is not a number`, "20:10": "it starts above its end",
		"1:2:3": `"2:3" is not a number`, "~": `"~" is not a number`, "1:~": `"~" is not a number`, "NaN": "is not a number", "inf:": "is not a number",
		"@@1": `"@1" is not a number`, " 1": "is not a number", "0x10": "is not a number", "1_000": "is not a number", "10%": "is not a number", "-1": "it starts above its end",
	} {
		_, err := ParseThreshold(text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "reading threshold ") {
			t.Errorf("%q: got error %v, want one with %q", text, err, want)
		}
	}
}

// FuzzParseThreshold: what is taken up decides of every number, and an @ before it decides the opposite.
func FuzzParseThreshold(f *testing.F) {
	for _, s := range []string{"10", "10:", "~:10", "10:20", "@10:20", ":", "~:", "", "@", "-1:1", "1e3"} {
		f.Add(s, 10.0)
	}
	f.Fuzz(func(t *testing.T, text string, v float64) {
		threshold, err := ParseThreshold(text)
		if err != nil || math.IsNaN(v) {
			return
		}
		if strings.HasPrefix(text, "@") {
			return
		}
		opposite, err := ParseThreshold("@" + text)
		if err != nil {
			t.Fatalf("%q is taken up, and with @ it is not: %v", text, err)
		}
		if threshold.Crossed(v) == opposite.Crossed(v) {
			t.Errorf("%v crosses both %q and its opposite, or neither", v, text)
		}
	})
}
