// Package page is the status page: what every network is doing and why, for whoever looks from a browser, a phone or a
// wall.
//
// It promises to change nothing: it answers GET and HEAD alone, and holds no reference to anything that changes a network.
// A page is rendered by the server from the wire types of package control, so it says what the control API says; names,
// comments and errors in it are text whatever they hold. Everything it needs comes from the server itself, without inline
// style or script, under a Content-Security-Policy that allows nothing else. It works without its script, which only keeps
// it up to date. A page is bounded: a network's live edges are always in it, of the others those in trouble first.
//
// Beside the page there are /healthz for load balancers and the read-only half of the control API under /v1/.
package page
