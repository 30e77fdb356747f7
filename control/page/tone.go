package page

import "github.com/deflect-ca/coredns-edgemanage/control"

// A tone is how worried to be. It is a colour on the page, always beside a word that says the same. The larger the worse.
type tone uint8

const (
	quiet    tone = iota // nothing to say
	good                 // all is well
	notice               // less than wanted, enough
	warning              // look at it
	critical             // names are answered badly, or not at all
)

// String is the tone's class in the style sheet.
func (t tone) String() string {
	return [...]string{"quiet", "good", "notice", "warning", "critical"}[t]
}

// rungTones are those of the rungs. One that is not known is worth a look.
var rungTones = map[string]tone{
	"full": good, "short": notice, "hold": warning, "all": critical, "fallback": critical, "none": critical,
}

func familyTone(f control.Family) tone {
	if empty(f) {
		return quiet
	}
	if t, ok := rungTones[f.Rung]; ok {
		return t
	}
	return warning
}

// empty says whether the family has no edges to speak of: its answers are NODATA, as they should be.
func empty(f control.Family) bool { return f.Edges.Total == 0 && len(f.Addresses) == 0 }

// gradeTone is that of an edge's grade.
func gradeTone(e control.Edge) tone {
	switch e.Grade {
	case "pass_threshold":
		return good
	case "pass_window", "pass_average", "pass":
		return notice
	case "fail":
		return critical
	default:
		return quiet
	}
}

// modeTone is that of an operator's word on an edge. Whatever is not the default is to be seen.
func modeTone(mode string) tone {
	switch mode {
	case "available", "":
		return quiet
	case "unavailable":
		return warning
	default:
		return notice
	}
}
