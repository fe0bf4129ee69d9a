module onyx/hack/testbed/pki

go 1.24.0
