package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Settings are those of the network the rounds are decided for.
type Settings struct {
	Grading   history.Rules
	Selection selector.Settings
}

// Defaults are the settings of a trace that gives none: the plugin's, except
// where those of the Python edgemanage, whose rounds most traces are, differ.
func Defaults() Settings {
	return Settings{
		Grading: history.Rules{
			GoodEnough: 700 * time.Millisecond,
			Timeout:    10 * time.Second,
			Window:     5 * time.Minute,
			Size:       2000,
			Fall:       1,
			Rise:       1,
		},
		Selection: selector.Settings{
			EdgeCount:     4,
			MinLive:       1,
			Keep:          selector.Keep(history.PassThreshold),
			MaxChangesPer: 10 * time.Minute,
		},
	}
}

// setting is one that a trace or an override may give.
type setting struct {
	name string
	read func(*decoder) (string, error) // its value in a trace, as text for set
	set  func(s *Settings, text string) error
	show func(*encoder, *Settings) string // its value as read reads it
}

var settings = []setting{
	number("edge_count", 1, func(s *Settings) *int { return &s.Selection.EdgeCount }),
	number("min_live", 0, func(s *Settings) *int { return &s.Selection.MinLive }), // 0: half of what can be had
	{"keep", readString, setKeep, showKeep},
	number("max_changes", 0, func(s *Settings) *int { return &s.Selection.MaxChanges }),
	duration("max_changes_per", func(s *Settings) *time.Duration { return &s.Selection.MaxChangesPer }),
	{"strict", readBool, setStrict, showStrict},
	{"fallback", readStrings, setFallback, showFallback},
	{"rotate_every", readNumber, setRotateEvery, showRotateEvery},
	duration("goodenough", func(s *Settings) *time.Duration { return &s.Grading.GoodEnough }),
	duration("timeout", func(s *Settings) *time.Duration { return &s.Grading.Timeout }),
	duration("window", func(s *Settings) *time.Duration { return &s.Grading.Window }),
	number("history", 1, func(s *Settings) *int { return &s.Grading.Size }),
	number("fall", 1, func(s *Settings) *int { return &s.Grading.Fall }),
	number("rise", 1, func(s *Settings) *int { return &s.Grading.Rise }),
}

func number(name string, least int, field func(*Settings) *int) setting {
	return setting{name, readNumber, count(field, least), showCount(field, least)}
}

func duration(name string, field func(*Settings) *time.Duration) setting {
	return setting{name, readNumber, span(field), showSpan(field)}
}

// Set overrides one setting. Durations are seconds ("0.7") or in Go syntax
// ("700ms"), fallback is a list of addresses separated by commas. The error for
// an unknown name lists those that are known.
func (s *Settings) Set(name, value string) error {
	for _, t := range settings {
		if t.name != name {
			continue
		}
		if err := t.set(s, value); err != nil {
			return fmt.Errorf("setting %s: %w", name, err)
		}
		return nil
	}
	return fmt.Errorf("setting %s: %w", name, unknownSetting(name))
}

// Validate reports all settings that do not go together.
func (s Settings) Validate() error {
	var faults []error
	if s.Selection.MinLive > s.Selection.EdgeCount {
		faults = append(faults, fmt.Errorf("settings: min_live %d is above edge_count %d",
			s.Selection.MinLive, s.Selection.EdgeCount))
	}
	if s.Grading.GoodEnough >= s.Grading.Timeout {
		faults = append(faults, fmt.Errorf("settings: goodenough %s is not under timeout %s",
			s.Grading.GoodEnough, s.Grading.Timeout))
	}
	if s.Grading.Timeout > history.MaxTook {
		faults = append(faults, fmt.Errorf("settings: timeout %s is above %s", s.Grading.Timeout, history.MaxTook))
	}
	return errors.Join(faults...)
}

func unknownSetting(name string) error {
	names := make([]string, len(settings))
	for i, t := range settings {
		names[i] = t.name
	}
	return fmt.Errorf("unknown setting, want one of %s", strings.Join(names, ", "))
}

func count(field func(*Settings) *int, least int) func(*Settings, string) error {
	return func(s *Settings, text string) error {
		n, err := strconv.Atoi(text)
		if err != nil || n < least {
			return fmt.Errorf("%q is not a whole number of at least %d", text, least)
		}
		*field(s) = n
		return nil
	}
}

func span(field func(*Settings) *time.Duration) func(*Settings, string) error {
	return func(s *Settings, text string) error {
		d, err := time.ParseDuration(text)
		if err != nil {
			d, err = parseSeconds(text)
		}
		if err != nil {
			return err
		}
		if d <= 0 {
			return fmt.Errorf("%q is not a duration above zero", text)
		}
		*field(s) = d
		return nil
	}
}

// parseSeconds reads a non-negative number of seconds, to the nanosecond.
func parseSeconds(text string) (time.Duration, error) {
	whole, nanos, ok := parseDecimal(text)
	if !ok || whole >= math.MaxInt64/int64(time.Second) {
		return 0, fmt.Errorf("%q is not a number of seconds", text)
	}
	return time.Duration(whole)*time.Second + time.Duration(nanos), nil
}

// parseDecimal reads a non-negative number, to the billionth: exactly, when it is written without an exponent and with at
// most nine digits after the point. A float64 of seconds since the epoch would be off by up to a tenth of a microsecond.
func parseDecimal(text string) (whole int64, billionths int64, ok bool) {
	integer, fraction, point := strings.Cut(text, ".")
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	if digits(integer) && len(integer) < 18 && (!point || digits(fraction) && len(fraction) <= 9) {
		whole, _ = strconv.ParseInt(integer, 10, 64)
		billionths, _ = strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
		return whole, billionths, true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f >= 0 && f < 1<<62) {
		return 0, 0, false
	}
	w, part := math.Modf(f)
	whole, billionths = int64(w), int64(math.Round(part*1e9))
	return whole + billionths/1e9, billionths % 1e9, true
}

func setKeep(s *Settings, text string) (err error) {
	s.Selection.Keep, err = selector.ParseKeep(text)
	return err
}

// setRotateEvery reads a duration; 0 is never.
func setRotateEvery(s *Settings, text string) error {
	if n, err := parseSeconds(text); err == nil && n == 0 {
		s.Selection.RotateEvery = 0
		return nil
	}
	return span(func(s *Settings) *time.Duration { return &s.Selection.RotateEvery })(s, text)
}

func setStrict(s *Settings, text string) error {
	switch text {
	case "true":
		s.Selection.Strict = true
	case "false":
		s.Selection.Strict = false
	default:
		return fmt.Errorf("%q is neither true nor false", text)
	}
	return nil
}

func setFallback(s *Settings, text string) error {
	var addrs []netip.Addr
	for field := range strings.SplitSeq(text, ",") {
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		a, err := netip.ParseAddr(field)
		if err != nil {
			return fmt.Errorf("%q is not an address", field)
		}
		addrs = append(addrs, a)
	}
	s.Selection.Fallback = addrs
	return nil
}

func readNumber(d *decoder) (string, error) {
	n, err := scalar[json.Number](d, "a number")
	return n.String(), err
}

func readString(d *decoder) (string, error) { return scalar[string](d, "a string") }

func readBool(d *decoder) (string, error) {
	b, err := scalar[bool](d, "true or false")
	return strconv.FormatBool(b), err
}

func readStrings(d *decoder) (string, error) {
	var list []string
	err := d.array(func() error {
		s, err := scalar[string](d, "a string")
		list = append(list, s)
		return err
	})
	return strings.Join(list, ","), err
}
