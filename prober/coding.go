package prober

import (
	"errors"
	"net/http"
	"strings"
)

// errCoded says that a body is the object and is marked as something else. It does not quote the header: an edge may have put
// into it what we sent.
var errCoded = errors.New("body is the object as it is, expected no Content-Encoding: visitors could not decode it")

// asksForCoding tells whether the operator's headers are about codings. Then the object is what he asked for, in whatever
// coding, and nothing is made of how it is marked.
func asksForCoding(header http.Header) bool {
	for name := range header {
		if http.CanonicalHeaderKey(name) == "Accept-Encoding" {
			return true
		}
	}
	return false
}

// coded tells whether an answer says that its body is coded (RFC 9110, 8.4).
func coded(header http.Header) bool {
	for _, value := range header.Values("Content-Encoding") {
		for coding := range strings.SplitSeq(value, ",") {
			if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
				return true
			}
		}
	}
	return false
}
