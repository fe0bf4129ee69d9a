package main

import (
	"os"

	"github.com/spf13/pflag"
)

// dropGlobalFlags empties the process-wide flag set. The packages of kube-apiserver register flags on it when they
// are linked in, among them a --version that is no boolean, and cobra would merge those into every other program.
func dropGlobalFlags() {
	pflag.CommandLine = pflag.NewFlagSet(os.Args[0], pflag.ContinueOnError)
}
