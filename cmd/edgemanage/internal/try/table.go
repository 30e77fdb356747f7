package try

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// WriteText writes the report for people.
func (r *Report) WriteText(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "network %s: %s\n", r.Network, r.Object)
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	for _, f := range r.Families {
		b.WriteByte('\n')
		f.writeText(&b)
	}
	_, err := io.WriteString(out, b.String())
	if err != nil {
		return fmt.Errorf("writing report: %w", err)
	}
	return nil
}

func (f Family) writeText(b *strings.Builder) {
	if f.Answer == noData && len(f.Edges) == 0 {
		fmt.Fprintf(b, "%s: no edge has an address of this family: NODATA\n", f.Family)
		return
	}
	fmt.Fprintf(b, "%s: rung %s, %d live, %d wanted\n", f.Family, f.Rung, len(f.Live), f.Wanted)
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  EDGE\tADDRESS\tOUTCOME\tSTATUS\tTOTAL\tDNS\tCONNECT\tTLS\tFIRST BYTE\tBODY\tCERTIFICATE\tMODE\tGRADE\tWHY")
	for _, e := range f.Edges {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%v\t%v\t%v\t%v\t%v\t%v\t%s\t%s\t%s\t%s\n",
			e.Edge, dash(e.Address.IsValid(), e.Address), dash(e.Outcome != "", e.Outcome), dash(e.Status != 0, e.Status),
			e.Total, e.DNS, e.Connect, e.TLS, e.FirstByte, e.Body,
			dash(!e.CertificateExpires.IsZero(), e.CertificateExpires.UTC().Format(time.DateOnly)),
			dash(e.Mode != selector.Available, e.Mode), e.Grade, e.Reason)
	}
	w.Flush() // to a strings.Builder, which takes everything
	for _, e := range f.Edges {
		if e.Error != "" {
			fmt.Fprintf(b, "  %s: %s\n", e.Edge, e.Error)
		}
	}
	if f.Held > 0 {
		fmt.Fprintf(b, "  the budget of changes holds back: %d\n", f.Held)
	}
	switch {
	case f.Answer == "servfail":
		b.WriteString("  answer: SERVFAIL\n")
	case f.Answer == noData:
		b.WriteString("  answer: NODATA\n")
	default:
		fmt.Fprintf(b, "  live: %s (%s)\n", strings.Join(f.Live, " "), strings.Trim(fmt.Sprint(f.Addresses), "[]"))
	}
	switch {
	case len(f.Before) == 0:
	case slices.Equal(f.Before, f.Live):
		b.WriteString("  that is what the state says is live now\n")
	default:
		fmt.Fprintf(b, "  the state says is live now: %s\n", strings.Join(f.Before, " "))
	}
}

// dash stands for what there is not.
func dash(there bool, v any) string {
	if !there {
		return "-"
	}
	return fmt.Sprint(v)
}
