package prober

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOutcomeNames(t *testing.T) {
	want := []string{
		"ok", "dns", "refused", "connect", "tls", "timeout", "status", "checksum", "size", "read", "internal", "local",
	}
	var got []string
	for _, o := range Outcomes() {
		got = append(got, o.String())
		back, err := ParseOutcome(o.String())
		if err != nil || back != o {
			t.Errorf("ParseOutcome(%q) = %v, %v", o, back, err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func TestOutcomeUnknown(t *testing.T) {
	for _, name := range []string{"", "OK", "outcome(0)", "broken"} {
		t.Run(name, func(t *testing.T) {
			if o, err := ParseOutcome(name); err == nil {
				t.Errorf("ParseOutcome(%q) = %v, expected an error", name, o)
			}
		})
	}
	if got, want := Outcome(0).String(), "outcome(0)"; got != want {
		t.Errorf("zero outcome is %q, expected %q", got, want)
	}
	if got, want := Outcome(200).String(), "outcome(200)"; got != want {
		t.Errorf("outcome out of range is %q, expected %q", got, want)
	}
}
