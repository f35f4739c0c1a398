// Package printers holds the table of printer profiles, which package escpos reads.
package printers

import _ "embed"

// Profiles is the table, in TOML; the file says what its columns mean and where the facts are from.
//
//go:embed profiles.toml
var Profiles []byte
