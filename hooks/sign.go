package hooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// The headers of a signed body. The timestamp, in seconds since 1970, is that of the try and part of what is signed: a
// receiver that refuses old ones cannot be made to believe an old event again.
const (
	SignatureHeader = "X-Edgemanage-Signature"
	TimestampHeader = "X-Edgemanage-Timestamp"
)

// Sign returns the signature of a body that is posted at a timestamp: "sha256=" and, in hexadecimal, the HMAC-SHA256
// (RFC 2104) of the timestamp, a dot and the body.
func Sign(secret []byte, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(timestamp))
	mac.Write([]byte("."))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}
