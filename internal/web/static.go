package web

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
)

//go:embed style.css
var style []byte

//go:embed icon.svg
var icon []byte

// The addresses change with the content, so that browsers may cache it for ever.
var (
	styleAddress = address("style.css", style)
	iconAddress  = address("icon.svg", icon)
)

func address(name string, data []byte) string {
	hash := sha256.Sum256(data)
	return "/static/" + name + "?v=" + hex.EncodeToString(hash[:6])
}

func static(w http.ResponseWriter, r *http.Request) {
	data, contentType, current := style, "text/css; charset=utf-8", styleAddress
	switch r.PathValue("name") {
	case "style.css":
	case "icon.svg":
		data, contentType, current = icon, "image/svg+xml", iconAddress
	default:
		plain(w, http.StatusNotFound, "no such file\n")
		return
	}
	w.Header().Set("Content-Type", contentType)
	if r.URL.RequestURI() == current {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(data) // the client may have disconnected
}
