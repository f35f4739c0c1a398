//go:build !windows

package main

// findGraphics finds nothing wrong: these systems draw by software where there is nothing better.
func findGraphics() error { return nil }

// sayBySystem says nothing: standard error has it already.
func sayBySystem(string, string) {}
