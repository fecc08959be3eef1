package main

import (
	"errors"
	"sync"
	"time"
)

type State int

const (
	StateClosed State = iota
	StateOpen
	StateHalfOpen
)

type CircuitBreaker struct {
	mu            sync.Mutex
	state         State
	failureCount  int
	successCount  int
	threshold     int
	timeout       time.Duration
	lastStateTime time.Time
}

func NewCircuitBreaker(threshold int, timeout time.Duration) *CircuitBreaker {
	return &CircuitBreaker{
		state:     StateClosed,
		threshold: threshold,
		timeout:   timeout,
	}
}

func (cb *CircuitBreaker) Call(fn func() error) error {
	cb.mu.Lock()
	defer cb.mu.Unlock()
	
	if cb.state == StateOpen {
		if time.Since(cb.lastStateTime) > cb.timeout {
			cb.state = StateHalfOpen
			cb.successCount = 0
		} else {
			return errors.New("circuit breaker open")
		}
	}
	
	err := fn()
	
	if err != nil {
		cb.failureCount++
		
		if cb.failureCount >= cb.threshold {
			cb.state = StateOpen
			cb.lastStateTime = time.Now()
		}
		
		return err
	}
	
	if cb.state == StateHalfOpen {
		cb.successCount++
		if cb.successCount >= 3 {
			cb.state = StateClosed
			cb.failureCount = 0
		}
	}
	
	return nil
}

// Usage
func main() {
	cb := NewCircuitBreaker(3, 10*time.Second)
	
	for i := 0; i < 10; i++ {
		err := cb.Call(func() error {
			// Call external service
			resp, err := http.Get("http://failing-service/api")
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			
			if resp.StatusCode != 200 {
				return errors.New("service error")
			}
			
			return nil
		})
		
		if err != nil {
			fmt.Printf("Call %d failed: %v\n", i, err)
		}
	}
}
