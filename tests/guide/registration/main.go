// Runs the guide's functions from the command line, against the registry that CONSUL_HTTP_ADDR names:
//
//	registration register NAME ADDRESS PORT
//	registration discover NAME
//	registration deregister ID
//	registration tour
package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/hashicorp/consul/api"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	switch {
	case len(arguments) == 4 && arguments[0] == "register":
		port, err := strconv.Atoi(arguments[3])
		if err != nil {
			return err
		}
		return registerService(arguments[1], arguments[2], port)
	case len(arguments) == 2 && arguments[0] == "discover":
		address, port, err := discoverService(arguments[1])
		if err == nil {
			fmt.Printf("%s:%d\n", address, port)
		}
		return err
	case len(arguments) == 2 && arguments[0] == "deregister":
		client, err := api.NewClient(api.DefaultConfig())
		if err != nil {
			return err
		}
		return client.Agent().ServiceDeregister(arguments[1])
	case len(arguments) == 1 && arguments[0] == "tour":
		return tour()
	}
	return fmt.Errorf("usage: registration register NAME ADDRESS PORT | discover NAME | deregister ID | tour")
}
