// What the guide's circuit breaker and retries need around them. With arguments it does not run the guide's main():
//
//	client breaker TIMEOUT_MS   calls through a breaker, once for each line of input; says what came of it and in which state it is
//	client retry                calls once, with the guide's retries
package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"
)

// The guide's address is no route of our shop: this one is.
const route = "/payments?order_id=none"

// shop sends what is meant for the guide's address to our route, and says so.
type shop struct{ requests int }

var failingService = &shop{}

func (s *shop) RoundTrip(request *http.Request) (*http.Response, error) {
	s.requests++
	fmt.Printf("request %d\n", s.requests)
	if request.URL.Path == "/api" {
		ours, err := request.URL.Parse(route)
		if err != nil {
			return nil, err
		}
		request = request.Clone(request.Context())
		request.URL = ours
	}
	return http.DefaultTransport.RoundTrip(request)
}

// callExternalService is what the guide's breaker calls, in its own main().
func callExternalService() error {
	answer, err := http.Get("http://failing-service/api")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New("service error")
	}
	return nil
}

func init() {
	http.DefaultClient.Transport = failingService
	if len(os.Args) == 1 {
		return // to the guide's main()
	}
	if os.Args[1] == "retry" {
		fmt.Println("ended:", usageOfRetry())
	} else {
		breaker()
	}
	os.Exit(0)
}

func breaker() {
	timeoutMs, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	names := map[State]string{StateClosed: "closed", StateOpen: "open", StateHalfOpen: "half-open"}
	cb := NewCircuitBreaker(3, time.Duration(timeoutMs)*time.Millisecond)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		err := cb.Call(callExternalService)
		fmt.Printf("%v; %s\n", err, names[cb.state])
	}
}
