package main

import (
	"encoding/json"
	"net/http"
	"net/http/httputil"
	"net/url"
)

type Gateway struct {
	services map[string]*httputil.ReverseProxy
}

func NewGateway() *Gateway {
	return &Gateway{
		services: make(map[string]*httputil.ReverseProxy),
	}
}

func (g *Gateway) RegisterService(name, targetURL string) {
	target, _ := url.Parse(targetURL)
	g.services[name] = httputil.NewSingleHostReverseProxy(target)
}

func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Extract service from path (/user/... → user service)
	service := extractService(r.URL.Path)
	
	// Authenticate
	if !g.authenticate(r) {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	
	// Rate limit
	if !g.checkRateLimit(r) {
		http.Error(w, "Rate limit exceeded", http.StatusTooManyRequests)
		return
	}
	
	// Route to service
	if proxy, ok := g.services[service]; ok {
		proxy.ServeHTTP(w, r)
	} else {
		http.Error(w, "Service not found", http.StatusNotFound)
	}
}

func (g *Gateway) authenticate(r *http.Request) bool {
	token := r.Header.Get("Authorization")
	// Verify JWT...
	return token != ""
}

func (g *Gateway) checkRateLimit(r *http.Request) bool {
	// Check rate limit...
	return true
}

func main() {
	gateway := NewGateway()
	gateway.RegisterService("user", "http://localhost:8001")
	gateway.RegisterService("order", "http://localhost:8002")
	
	http.ListenAndServe(":8080", gateway)
}
