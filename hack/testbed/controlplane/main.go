// Controlplane is a whole Kubernetes control plane for tests in one binary: the programs are linked once instead of
// eight times. The name it is called by (argv[0], or the first argument) says which program it is.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// programs maps a name to its main function, which returns the exit code.
var programs = map[string]func() int{
	"etcd":                    etcd,
	"kube-apiserver":          apiserver,
	"kube-controller-manager": controllerManager,
	"kube-scheduler":          scheduler,
	"kubectl":                 kubectl,
	"kwok":                    kwok,
	"metrics-server":          metricsServer,
	"helm":                    helm,
}

func main() {
	name := filepath.Base(os.Args[0])
	run, known := programs[name]
	if !known && len(os.Args) > 1 {
		name = os.Args[1]
		run, known = programs[name]
		os.Args = append([]string{name}, os.Args[2:]...)
	}
	if !known {
		names := slices.Sorted(maps.Keys(programs))
		fmt.Fprintf(os.Stderr, "%q is no program of this binary. Call it as one of: %s\n", name, strings.Join(names, ", "))
		os.Exit(2)
	}
	os.Exit(run())
}
