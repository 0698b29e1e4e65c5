package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"sync"
	"unicode/utf8"
)

// credential is what a request must carry: the client secret, or the Basic parameter, or nothing.
type credential struct{ secret, basic string }

// credentialFromEnvironment fails if a variable is missing, so a forgotten one never opens the endpoint.
func credentialFromEnvironment() (credential, error) {
	names := map[string][]string{"none": {}, "client-secret": {"CLIENT_SECRET"}, "basic": {"BASIC_USERNAME", "BASIC_PASSWORD"}}
	needed, known := names[os.Getenv("AUTHENTICATION")]
	if !known {
		return credential{}, errors.New("set AUTHENTICATION to none, client-secret or basic")
	}
	var values []string
	for _, name := range needed {
		value := os.Getenv(name)
		if value == "" {
			return credential{}, fmt.Errorf("set the environment variable %s", name)
		}
		values = append(values, value)
	}
	switch len(values) {
	case 1:
		return credential{secret: values[0]}, nil
	case 2:
		// RFC 7617 allows one encoding of a username and password: compare that, so there is nothing to decode.
		return credential{basic: base64.StdEncoding.EncodeToString([]byte(values[0] + ":" + values[1]))}, nil
	}
	return credential{}, nil
}

// same compares digests, which have equal length, so the time reveals neither content nor length.
func same(given, expected string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(expected))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

var basicHeader = regexp.MustCompile(`^(?i:basic) +(\S+)$`)

// checkHeaders takes the values of all Authorization headers of a request.
func (c credential) checkHeaders(authorization []string) error {
	if c.basic == "" {
		return nil
	}
	if len(authorization) == 1 {
		if given := basicHeader.FindStringSubmatch(authorization[0]); given != nil && same(given[1], c.basic) {
			return nil
		}
	}
	return refused{http.StatusUnauthorized, "The credentials are missing or wrong."}
}

// readMessage reads a body and checks the client secret in it. It returns the message without the secret.
func (c credential) readMessage(body []byte) ([]byte, error) {
	members, given, err := readObject(body)
	if err != nil {
		return nil, err
	}
	if c.secret != "" {
		var secret *string // null stays nil, a number or an array is an error
		if len(given) != 1 || json.Unmarshal(given[0], &secret) != nil || secret == nil || !same(*secret, c.secret) {
			return nil, refused{http.StatusForbidden, "The client secret is missing or wrong."}
		}
	}
	return json.Marshal(members)
}

// readObject returns the members of the outermost object, and separately each value of clientSecret. Decoding into a
// struct or a map would keep only the last of two; a struct would also match the name in any letter case.
func readObject(body []byte) (members map[string]json.RawMessage, secrets []json.RawMessage, err error) {
	notJSON := refused{http.StatusBadRequest, "The body is not JSON."}
	// encoding/json would replace invalid UTF-8 with U+FFFD.
	if !utf8.Valid(body) || !json.Valid(body) {
		return nil, nil, notJSON
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return nil, nil, refused{http.StatusUnprocessableEntity, "The body is not a JSON object."}
	}
	members = map[string]json.RawMessage{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, nil, notJSON
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, nil, notJSON
		}
		if name == "clientSecret" {
			secrets = append(secrets, value)
		} else {
			members[name.(string)] = value
		}
	}
	return members, secrets, nil
}

// file stores messages, one per line.
type file struct {
	lock sync.Mutex
	file *os.File
}

func openFile(name string) (*file, error) {
	opened, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	return &file{file: opened}, err
}

// store returns when the message is on disk: answer 2xx only after that.
func (f *file) store(message []byte) error {
	f.lock.Lock()
	defer f.lock.Unlock()
	// The newline before it separates it from a line that a full disk cut short.
	if _, err := fmt.Fprintf(f.file, "\n%s\n", message); err != nil {
		return err
	}
	return f.file.Sync()
}
