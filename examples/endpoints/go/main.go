// An endpoint with only Go's standard library:
//
//	AUTHENTICATION=client-secret CLIENT_SECRET=... PORT=8080 go run .
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	path  = "/hooks/flowingly"
	limit = 4 << 20
)

// refused is a refused request: a status and a short text, never anything from the request.
type refused struct {
	status int
	title  string
}

func (r refused) Error() string { return r.title }

type endpoint struct {
	credential credential
	file       *file
}

func (e endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	err := e.take(w, r)
	if err == nil {
		io.WriteString(w, "{}")
		return
	}
	var known refused
	if !errors.As(err, &known) {
		log.Print(err)
		known = refused{http.StatusServiceUnavailable, "The message could not be stored."}
	}
	w.Header().Set("Content-Type", "application/problem+json")
	switch known.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Basic realm="webhooks", charset="UTF-8"`)
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "10")
	}
	w.WriteHeader(known.status)
	json.NewEncoder(w).Encode(map[string]any{"status": known.status, "title": known.title})
}

func (e endpoint) take(w http.ResponseWriter, r *http.Request) error {
	// Not http.ServeMux, which redirects paths that it cleans.
	if r.URL.Path != path {
		return refused{http.StatusNotFound, "There is nothing here."}
	}
	if r.Method != http.MethodPost {
		return refused{http.StatusMethodNotAllowed, "Webhook messages are sent with POST."}
	}
	if err := e.credential.checkHeaders(r.Header.Values("Authorization")); err != nil {
		return err
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return refused{http.StatusUnsupportedMediaType, "The content type is not application/json."}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return refused{http.StatusRequestEntityTooLarge, "The body is larger than 4 MiB."}
	} else if err != nil {
		return refused{http.StatusBadRequest, "The body ends too early."}
	}
	message, err := e.credential.readMessage(body)
	if err != nil {
		return err
	}
	return e.file.store(message)
}

func main() {
	credential, err := credentialFromEnvironment()
	if err != nil {
		log.Fatal(err)
	}
	file, err := openFile(or("MESSAGES", "messages.jsonl"))
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(or("HOST", "127.0.0.1"), or("PORT", "8080")))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s%s\n", listener.Addr(), path)
	server := http.Server{
		Handler:           endpoint{credential, file},
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
	}
	log.Fatal(server.Serve(listener))
}

func or(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
