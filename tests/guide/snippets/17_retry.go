func retryWithBackoff(fn func() error, maxRetries int) error {
	var err error
	
	for i := 0; i < maxRetries; i++ {
		err = fn()
		
		if err == nil {
			return nil
		}
		
		// Exponential backoff
		backoff := time.Duration(math.Pow(2, float64(i))) * time.Second
		time.Sleep(backoff)
	}
	
	return err
}

// Usage
err := retryWithBackoff(func() error {
	return callExternalService()
}, 5)
