// Pki issues the certificates of one test cluster: it reads a plan (JSON) from standard input and writes NAME.crt and
// NAME.key files into the folder that is its only argument. It is a Go program because Go's standard library is the
// best-kept one for this, and needs no openssl on the machine.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// Plan says what to issue.
type Plan struct {
	Authorities []Authority `json:"authorities"`
	Leaves      []Leaf      `json:"leaves"`
	// KeyPairs are bare keys, as for signing tokens: NAME.key and NAME.pub.
	KeyPairs []string `json:"keyPairs"`
}

// Authority signs its own certificate.
type Authority struct {
	Name       string `json:"name"`
	CommonName string `json:"commonName"`
}

// Leaf is signed by an authority of the same plan.
type Leaf struct {
	Name         string   `json:"name"`
	Authority    string   `json:"authority"`
	CommonName   string   `json:"commonName"`
	Organization string   `json:"organization,omitempty"`
	Usages       []string `json:"usages"` // client, server
	Hosts        []string `json:"hosts,omitempty"`
}

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: pki FOLDER < plan.json"))
	}
	var plan Plan
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&plan); err != nil {
		fail(fmt.Errorf("reading the plan: %w", err))
	}
	if err := issue(plan, os.Args[1]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
