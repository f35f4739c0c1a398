// Package version says which build of Countersign this is.
package version

// number is set by the linker: see the Makefile.
var number = "development"

// String is the version as `git describe` writes it ("v1.2.0", "v1.2.0-3-g59ec636"), or "development" for a build outside the Makefile.
func String() string { return number }
