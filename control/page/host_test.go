package page

import (
	"net/http"
	"strings"
	"testing"
)

// A page of elsewhere can have its name point at us, and then read what we answer: names that are not ours get nothing.
func TestHost(t *testing.T) {
	tests := []struct {
		configured, host string
		allowed          bool
	}{
		{"status.example.net:9154", "status.example.net:9154", true},
		{"status.example.net:9154", "STATUS.example.NET.:9154", true},
		{"status.example.net:9154", "status.example.net:80", false},
		{"status.example.net:9154", "status.example.net", false},
		{"status.example.net:80", "status.example.net", true},
		{"status.example.net:9154", "evil.example:9154", false},
		{"status.example.net:9154", "status.example.net.evil.example:9154", false},
		{"status.example.net:9154", "evil-status.example.net:9154", false},
		{"status.example.net:9154", "", false},
		{"status.example.net:9154", ":9154", false},
		{"status.example.net:9154", "localhost:9154", true},
		{"status.example.net:9154", "localhost:8080", true}, // a tunnel
		{"status.example.net:9154", "LOCALHOST", true},
		{"status.example.net:9154", "localhost.evil.example:9154", false},
		{"status.example.net:9154", "192.0.2.1:9154", true},
		{"status.example.net:9154", "192.0.2.1", true},
		{"status.example.net:9154", "192.0.2.1.evil.example", false},
		{"status.example.net:9154", "[2001:db8::1]:9154", true},
		{"status.example.net:9154", "[2001:db8::1]", true},
		{"status.example.net:9154", "status.example.net:9154:1", false},
		{"status.example.net:9154", "[::1", false},
		{"status.example.net:9154", "::1", false},
		{"status.example.net:9154", "::1]", false},
		{"status.example.net:9154", "[::1]x", false},
		{"status.example.net:9154", "[[::1]]", false},
		{"status.example.net:9154", "[127.0.0.1]", false},
		{"status.example.net:9154", "[localhost]:9154", false},
		{"status.example.net:9154", "1.2.3.4:x", false},
		{"status.example.net:9154", "1.2.3.4:-1", false},
		{"status.example.net:9154", "localhost:65536", false},
		{"status.example.net:9154", "localhost:", true}, // RFC 3986, 3.2.3
		{":9154", "evil.example:9154", false},
		{":9154", ":9154", false},
		{":9154", "10.0.0.1:9154", true},
		{"[::1]:9154", "[::1]:9154", true},
		{"192.0.2.1:9154", "localhost:9154", true},
		{"status.example.net:0", "status.example.net:40123", true},
	}
	for _, tt := range tests {
		t.Run(tt.configured+" asked as "+tt.host, func(t *testing.T) {
			s := &stage{site: calm()}
			h := newHandler(tt.configured, http.NotFoundHandler(), s.read, s.clock)
			for _, path := range []string{"/", "/healthz", assets["live.js"].path} {
				w := request(h, "GET", path, "Host", tt.host)
				want := http.StatusMisdirectedRequest
				if tt.allowed {
					want = http.StatusOK
				}
				if w.Code != want {
					t.Errorf("%s: status %d, want %d", path, w.Code, want)
				}
				if !tt.allowed && strings.Contains(w.Body.String(), "edge0") {
					t.Errorf("%s: the answer tells of edges", path)
				}
			}
		})
	}
}

func FuzzHost(f *testing.F) {
	for _, host := range []string{"localhost", "status.example.net:9154", "[::1]:1", "[::1%25lo]", "evil.example:9154", "1.2.3.4.", "[localhost]"} {
		f.Add(host)
	}
	h := newHosts("status.example.net:9154")
	f.Fuzz(func(t *testing.T, host string) {
		// What a browser sends for a page of elsewhere: a name with a letter in its last label, and at most a port.
		name := strings.ToLower(strings.TrimRight(host, ".0123456789:"))
		if strings.HasSuffix(name, ".example") && h.allow(&http.Request{Host: host}) {
			t.Errorf("%q is allowed", host)
		}
	})
}
