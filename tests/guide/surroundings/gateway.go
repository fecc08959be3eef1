package main

import "strings"

// extractService names the service of a path: our routes begin with what it has many of, /users/… and /orders.
func extractService(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return strings.TrimSuffix(first, "s")
}
