// Register service
package main

import (
	"github.com/hashicorp/consul/api"
)

func registerService(name, address string, port int) error {
	config := api.DefaultConfig()
	client, _ := api.NewClient(config)
	
	registration := &api.AgentServiceRegistration{
		ID:      name,
		Name:    name,
		Address: address,
		Port:    port,
		Check: &api.AgentServiceCheck{
			HTTP:     fmt.Sprintf("http://%s:%d/health", address, port),
			Interval: "10s",
		},
	}
	
	return client.Agent().ServiceRegister(registration)
}

// Discover service
func discoverService(name string) (string, int, error) {
	config := api.DefaultConfig()
	client, _ := api.NewClient(config)
	
	services, _, err := client.Health().Service(name, "", true, nil)
	if err != nil {
		return "", 0, err
	}
	
	if len(services) == 0 {
		return "", 0, fmt.Errorf("no healthy instances")
	}
	
	service := services[0].Service
	return service.Address, service.Port, nil
}
