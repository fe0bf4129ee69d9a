// Pubsub serves Google's own in-memory Pub/Sub (pstest), which the GCP cloud of the test bed puts behind its API.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"cloud.google.com/go/pubsub/v2/pstest"
)

func main() {
	address := flag.String("address", "127.0.0.1:0", "where to listen; port 0 picks a free one")
	flag.Parse()
	server := pstest.NewServerWithAddress(*address)
	fmt.Printf("{\"grpc\":%q}\n", server.Addr)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	_ = server.Close()
}
