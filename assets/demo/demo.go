// Package demo holds the sample merchant: a group with two stores, four operators and six offers.
package demo

import _ "embed"

//go:embed catalogue.toml
var catalogue []byte

// Catalogue returns the sample merchant as the file that `countersign-cloud apply -f` takes.
func Catalogue() []byte { return catalogue }
