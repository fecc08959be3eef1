package main

import (
	"fmt"
	"time"

	"github.com/hashicorp/consul/api"
)

const (
	tourService = "tour"
	tourID      = "tour/1"
	tourCheck   = "service:" + tourID
)

// tour uses every call of the registry once, as the official client makes it, and holds the answers against what a Consul
// agent gives. It prints each step that went well.
func tour() error {
	client, err := api.NewClient(api.DefaultConfig())
	if err != nil {
		return err
	}
	steps := []struct {
		name string
		run  func(*api.Client) error
	}{
		{"the leader is known", leaderIsKnown},
		{"the agent names itself", agentNamesItself},
		{"an instance with a TTL check registers", register},
		{"the instance is listed", instanceIsListed},
		{"it is found once it says that it is well", ttlMakesItPass},
		{"the catalog has it", catalogHasIt},
		{"a blocking query returns with the change", blockingQueryReturns},
		{"its health is told by its id", healthByID},
		{"maintenance takes it out of rotation and back", maintenance},
		{"registering again replaces its checks", replaceChecks},
		{"it deregisters", deregister},
	}
	for _, step := range steps {
		if err := step.run(client); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Println(step.name)
	}
	return nil
}

func expect(condition bool, format string, values ...any) error {
	if condition {
		return nil
	}
	return fmt.Errorf(format, values...)
}

// passing waits until as many instances pass as wanted: a Consul agent tells its servers of a change a moment later.
func passing(client *api.Client, wanted int) (*api.QueryMeta, error) {
	var found []*api.ServiceEntry
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var meta *api.QueryMeta
		var err error
		if found, meta, err = client.Health().Service(tourService, "", true, nil); err != nil {
			return nil, err
		}
		if len(found) == wanted {
			return meta, nil
		}
	}
	return nil, fmt.Errorf("%d instances pass, and not %d", len(found), wanted)
}

func leaderIsKnown(client *api.Client) error {
	leader, err := client.Status().Leader()
	if err != nil {
		return err
	}
	return expect(leader != "", "no leader")
}

func agentNamesItself(client *api.Client) error {
	name, err := client.Agent().NodeName()
	if err != nil {
		return err
	}
	return expect(name != "", "no name")
}

func registration(check *api.AgentServiceCheck) *api.AgentServiceRegistration {
	return &api.AgentServiceRegistration{
		ID: tourID, Name: tourService, Address: "127.0.0.1", Port: 8103, Tags: []string{"v1", "eu"},
		Meta: map[string]string{"seamline_epoch": "1"}, Check: check,
	}
}

func register(client *api.Client) error {
	if err := client.Agent().ServiceRegister(registration(&api.AgentServiceCheck{TTL: "60s"})); err != nil {
		return err
	}
	_, err := passing(client, 0)
	return err
}

func instanceIsListed(client *api.Client) error {
	services, err := client.Agent().Services()
	if err != nil {
		return err
	}
	service := services[tourID]
	return expect(service != nil && service.Service == tourService && service.Port == 8103 && len(service.Tags) == 2 &&
		service.Meta["seamline_epoch"] == "1" && service.Weights.Passing == 1, "it is listed as %+v", service)
}

func ttlMakesItPass(client *api.Client) error {
	if err := client.Agent().UpdateTTL(tourCheck, "fine", api.HealthPassing); err != nil {
		return err
	}
	if _, err := passing(client, 1); err != nil {
		return err
	}
	if err := client.Agent().FailTTL(tourCheck, "sick"); err != nil {
		return err
	}
	if _, err := passing(client, 0); err != nil {
		return err
	}
	if err := client.Agent().PassTTL(tourCheck, "well"); err != nil {
		return err
	}
	if _, err := passing(client, 1); err != nil {
		return err
	}
	return expect(client.Agent().PassTTL("nothing", "") != nil, "an unknown check passed")
}

func catalogHasIt(client *api.Client) error {
	services, meta, err := client.Catalog().Services(nil)
	if err != nil {
		return err
	}
	if err := expect(len(services[tourService]) == 2 && meta.LastIndex > 0, "services %v, index %d", services, meta.LastIndex); err != nil {
		return err
	}
	entries, _, err := client.Catalog().ServiceMultipleTags(tourService, []string{"v1", "eu"}, nil)
	if err != nil {
		return err
	}
	if err := expect(len(entries) == 1 && entries[0].ServicePort == 8103, "entries %+v", entries); err != nil {
		return err
	}
	entries, _, err = client.Catalog().Service(tourService, "us", nil)
	if err != nil {
		return err
	}
	return expect(len(entries) == 0, "a tag that it has not finds %+v", entries)
}

func blockingQueryReturns(client *api.Client) error {
	meta, err := passing(client, 1)
	if err != nil {
		return err
	}
	if err := expect(meta.KnownLeader && meta.LastIndex > 0, "meta %+v", meta); err != nil {
		return err
	}
	go func() { _ = client.Agent().WarnTTL(tourCheck, "so so") }()
	// A Consul agent may come back before: a return is no proof of a change.
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		entries, next, err := client.Health().Service(tourService, "", true, &api.QueryOptions{WaitIndex: meta.LastIndex, WaitTime: 10 * time.Second})
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return expect(next.LastIndex > meta.LastIndex, "the index stayed %d", next.LastIndex)
		}
		meta = next
	}
	return fmt.Errorf("no change was seen")
}

func healthByID(client *api.Client) error {
	status, info, err := client.Agent().AgentHealthServiceByID(tourID)
	if err != nil {
		return err
	}
	if err := expect(status == api.HealthWarning && info != nil && info.Service.Port == 8103 && len(info.Checks) == 1, "status %s, %+v", status, info); err != nil {
		return err
	}
	status, _, err = client.Agent().AgentHealthServiceByID("nobody")
	if err != nil {
		return err
	}
	return expect(status == api.HealthCritical, "nobody is %s", status)
}

func maintenance(client *api.Client) error {
	if err := client.Agent().PassTTL(tourCheck, ""); err != nil {
		return err
	}
	if err := client.Agent().EnableServiceMaintenance(tourID, "a move"); err != nil {
		return err
	}
	if _, err := passing(client, 0); err != nil {
		return err
	}
	if err := client.Agent().DisableServiceMaintenance(tourID); err != nil {
		return err
	}
	_, err := passing(client, 1)
	return err
}

func replaceChecks(client *api.Client) error {
	again := registration(&api.AgentServiceCheck{CheckID: "other", TTL: "60s", DeregisterCriticalServiceAfter: "90s"})
	if err := client.Agent().ServiceRegisterOpts(again, api.ServiceRegisterOpts{ReplaceExistingChecks: true}); err != nil {
		return err
	}
	_, info, err := client.Agent().AgentHealthServiceByID(tourID)
	if err != nil {
		return err
	}
	return expect(info != nil && len(info.Checks) == 1 && info.Checks[0].CheckID == "other", "checks %+v", info)
}

func deregister(client *api.Client) error {
	if err := client.Agent().ServiceDeregister(tourID); err != nil {
		return err
	}
	if _, err := passing(client, 0); err != nil {
		return err
	}
	return expect(client.Agent().ServiceDeregister(tourID) != nil, "it deregistered twice")
}
