package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
)

//go:embed assets
var files embed.FS

// An asset is a file that the page refers to. Its name holds a hash of its content, so that a browser may keep it for ever
// and still never uses one of another version.
type asset struct {
	path    string // as in the URL
	kind    string // media type
	content []byte
}

// kinds are the media types. The system's table is not asked: it may hold others, and nosniff makes browsers obey.
var kinds = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// assets are all of them, by the name of the file.
var assets = loadAssets()

func loadAssets() map[string]asset {
	entries, err := files.ReadDir("assets")
	if err != nil {
		panic(err) // embedded: it is there or nothing is
	}
	loaded := map[string]asset{}
	for _, e := range entries {
		content, err := files.ReadFile("assets/" + e.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(content)
		extension := path.Ext(e.Name())
		name := strings.TrimSuffix(e.Name(), extension) + "-" + hex.EncodeToString(sum[:6]) + extension
		loaded[e.Name()] = asset{path: "/assets/" + name, kind: kinds[extension], content: content}
	}
	return loaded
}

// serve answers with the asset.
func (a asset) serve(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(a.content) // who went away does not want it
}
