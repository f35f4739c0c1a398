//go:build !linux

package main

// trim gives back what C's heap does not use. Elsewhere the system's heap does so by itself.
func trim() {}
