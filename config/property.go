package config

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// A property is one word of the grammar.
type property struct {
	usage       string // as the documentation has it, shown in faults
	least, most int    // number of arguments
	repeatable  bool
	read        func(p *parser, args []string)
}

const many = math.MaxInt

// properties is the grammar of the body.
var properties = map[string]property{
	"edges":        {usage: "edges SOURCE...", least: 1, most: many, read: (*parser).edges},
	"object":       {usage: "object URL [FILE]", least: 1, most: 2, read: (*parser).object},
	"ns":           {usage: "ns NAME...", least: 1, most: many, read: (*parser).ns},
	"soa":          {usage: "soa MNAME RNAME", least: 2, most: 2, read: (*parser).soa},
	"soa_timers":   {usage: "soa_timers REFRESH RETRY EXPIRE MINIMUM", least: 4, most: 4, read: (*parser).soaTimers},
	"serial_floor": {usage: "serial_floor N", least: 1, most: 1, read: (*parser).serialFloor},
	"ttl":          {usage: "ttl DURATION", least: 1, most: 1, read: (*parser).ttl},
	"labels":       {usage: "labels LABEL...", least: 1, most: many, read: (*parser).labels},

	"includes":  {usage: "includes DIR", least: 1, most: 1, read: (*parser).includes},
	"zonefiles": {usage: "zonefiles DIR", least: 1, most: 1, read: (*parser).zoneFiles},
	"notify":    {usage: "notify ADDRESS...", least: 1, most: many, read: (*parser).notify},

	"canaries":      {usage: "canaries FILE", least: 1, most: 1, read: (*parser).canaries},
	"canary_killer": {usage: "canary_killer N", least: 1, most: 1, read: (*parser).canaryKiller},

	"edge_count":  {usage: "edge_count N", least: 1, most: 1, read: (*parser).edgeCount},
	"min_live":    {usage: "min_live N", least: 1, most: 1, read: (*parser).minLive},
	"keep":        {usage: "keep better|GRADE", least: 1, most: 1, read: (*parser).keep},
	"max_changes": {usage: "max_changes N [DURATION] [strict]", least: 1, most: 3, read: (*parser).maxChanges},
	"fall":        {usage: "fall N", least: 1, most: 1, read: (*parser).fall},
	"rise":        {usage: "rise N", least: 1, most: 1, read: (*parser).rise},
	"fallback":    {usage: "fallback ADDRESS...", least: 1, most: many, read: (*parser).fallback},

	"interval":             {usage: "interval DURATION", least: 1, most: 1, read: (*parser).interval},
	"allow_short_interval": {usage: "allow_short_interval", read: (*parser).allowShortInterval},
	"timeout":              {usage: "timeout DURATION", least: 1, most: 1, read: (*parser).timeout},
	"retry":                {usage: "retry N", least: 1, most: 1, read: (*parser).retry},
	"workers":              {usage: "workers N", least: 1, most: 1, read: (*parser).workers},
	"goodenough":           {usage: "goodenough DURATION", least: 1, most: 1, read: (*parser).goodEnough},
	"window":               {usage: "window DURATION", least: 1, most: 1, read: (*parser).window},
	"history":              {usage: "history N", least: 1, most: 1, read: (*parser).history},
	"families":             {usage: "families both|ipv4|ipv6", least: 1, most: 1, read: (*parser).families},
	"insecure_skip_verify": {usage: "insecure_skip_verify", read: (*parser).insecureSkipVerify},
	"header":               {usage: "header NAME VALUE", least: 2, most: many, repeatable: true, read: (*parser).headerValue},
	"source":               {usage: "source ADDRESS", least: 1, most: 1, repeatable: true, read: (*parser).source},

	"state":        {usage: "state DIR", least: 1, most: 1, read: (*parser).state},
	"run":          {usage: "run before|after|after_changes COMMAND [ARG...]", least: 2, most: many, repeatable: true, read: (*parser).run},
	"webhook":      {usage: "webhook URL [SECRETFILE]", least: 1, most: 2, repeatable: true, read: (*parser).webhook},
	"rotate_every": {usage: "rotate_every DURATION", least: 1, most: 1, read: (*parser).rotateEvery},

	"live_list": {usage: "live_list FILE", least: 1, most: 1, read: (*parser).liveList},
	"config":    {usage: "config FILE", least: 1, most: 1, read: (*parser).config},
	"legacy":    {usage: "legacy DIR", least: 1, most: 1, read: (*parser).legacy},

	"control": {usage: "control SOCKET [GROUP]", least: 1, most: 2, read: (*parser).control},
	"status":  {usage: "status ADDRESS", least: 1, most: 1, read: (*parser).status},
	"dry_run": {usage: "dry_run", read: (*parser).dryRun},
}

// suggestion is the end of a message about an unknown property: the one that was probably meant, if any is near enough.
func suggestion(name string) string {
	if best := nearest(name, slices.Sorted(maps.Keys(properties))); best != "" {
		return fmt.Sprintf(": did you mean %s?", best)
	}
	return ""
}

// nearest is the candidate that was probably meant by a word, the first of several; "" if none is near enough.
func nearest(name string, candidates []string) (best string) {
	name = strings.ToLower(name)
	least := max(1, min(len(name)/3, 3)) + 1
	for _, candidate := range candidates {
		if n := distance(name, candidate); n < least {
			best, least = candidate, n
		}
	}
	return best
}

// distance is how many bytes must be added, left out or replaced to make b of a (Levenshtein's).
func distance(a, b string) int {
	if len(a) > 2*len(b)+2 {
		return len(a) // far enough, and no work for a word of any length
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
