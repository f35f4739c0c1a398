package main

import (
	"strings"
	"testing"
)

func TestEveryLinkedModuleHasALicence(t *testing.T) {
	// A program with a module whose licence nobody has looked at could not be handed to a merchant.
	modules, err := linked("../../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(modules) < 40 {
		t.Fatalf("only %d modules were found: the search is broken", len(modules))
	}
	text, err := list(modules)
	if err != nil {
		t.Fatal(err)
	}
	for _, holds := range []string{"\nfyne.io/fyne/v2 ", "\ngithub.com/mattn/go-ieproxy ", "\nstd ", "Zlib"} {
		if !strings.Contains(string(text), holds) {
			t.Errorf("the list does not hold %q", holds)
		}
	}
}

func TestAModuleWithoutALicenceIsRefused(t *testing.T) {
	// The check would pass whatever is linked.
	unknown := &module{path: "example.com/odd", version: "v1.0.0", licences: []licence{{kind: kindOf("All rights reserved."), file: "LICENSE"}}}
	if _, err := list(map[string]*module{"example.com/odd": unknown}); err == nil || !strings.Contains(err.Error(), "example.com/odd") {
		t.Errorf("the list was made: %v", err)
	}
}
