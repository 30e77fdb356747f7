// Package nagios speaks the conventions of monitoring plugins: thresholds as ranges, one line of text with performance
// data, and the exit codes 0 to 3.
//
// See https://www.monitoring-plugins.org/doc/guidelines.html.
package nagios
