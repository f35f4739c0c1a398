# Countersign. Everything here works from a fresh clone on a Debian machine that has Go and gcc: what else is missing is installed
# (see .ci/provision).
#
#   make build     the three programs, into bin/
#   make demo      a day in a shop: in windows where there is a display, as text where there is none
#   make test      every test
#   make soak      every test, with the long counts
#   make simulate  SEEDS=1000 worlds full of mishaps, from FROM=1 on, and whether each kept every promise
#   make bench     what is measured, each beside its reference, as a table; BENCH=quick for smaller numbers
#   make lint      the checks of the sources
#   make gallery   a picture of every screen in every language, into dist/gallery
#   make generate  what is made from other files: the API from openapi.yaml, the sounds and icons from their programs
#   make package   the installers, into dist/
#   make test-package   installs the Debian package in a clean Debian, and uses it; as root
#   make test-windows   runs the Windows programs and the installer under wine; as root
.PHONY: build demo test soak simulate bench lint package test-package test-windows gallery generate provision-build provision-test provision-lint \
	provision-package
.DEFAULT_GOAL := build

# CI runs with an empty environment. A home that cannot be written to is no home for Go's caches.
home := $(shell d="$$HOME"; [ -n "$$d" ] || d=$$(getent passwd $$(id -u) | cut -d: -f6); \
	[ -n "$$d" ] && [ -w "$$d" ] || { d="$(CURDIR)/.cache/home"; mkdir -p "$$d"; }; echo "$$d")
export HOME := $(home)
export PATH := $(or $(PATH),/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin):/usr/local/go/bin:$(home)/go/bin

# clang compiles the window's C in half of gcc's time. It may only arrive with provision-build: looked for when it is needed.
ifneq ($(filter default undefined,$(origin CC)),)
export CC = $(shell command -v clang++ >/dev/null && echo clang || echo gcc)
endif
ifneq ($(filter default undefined,$(origin CXX)),)
export CXX = $(shell command -v clang++ >/dev/null && echo clang++ || echo g++)
endif
export CGO_ENABLED = 1
export GOFLAGS = -trimpath -buildvcs=false

version := $(shell .ci/version)
ldflags = -X countersign/cmd/internal/version.number=$(version)
# Shipped programs trust that every window is touched from its own goroutine; the tests run without that tag, and check it.
ship = -tags x11,migrated_fynedo,no_emoji
check = -tags x11

build: provision-build
	go build $(ship) -ldflags '$(ldflags)' -o bin/ ./cmd/countersign ./cmd/countersignctl ./cmd/countersign-cloud

demo: build
	@if [ -n "$$DISPLAY" ]; then exec bin/countersign demo; else exec bin/countersignctl demo; fi

test: provision-test
	.ci/test $(check) -timeout 25m

soak: provision-test
	COUNTERSIGN_SOAK=1 .ci/test $(check) -count=1 -timeout 6h

simulate: provision-test
	SEEDS=$(or $(SEEDS),1000) FROM=$(or $(FROM),1) COUNTERSIGN_SIMULATE_LIFE="$(LIFE)" go test $(check) -count=1 -timeout 24h -v -run TestNoMishap ./cmd/internal/simulation

# Packages that have Go benchmarks: the others' tests would be linked for nothing.
benched = $(shell grep -rl --include='*_test.go' '^func Benchmark' cmd sync terminal ui | xargs -n 1 dirname | sort -u | sed 's|^|./|')

# BENCH=quick takes smaller numbers. The raw text of the Go benchmarks is for benchstat, which wants six of each.
bench: provision-test
	@mkdir -p dist/bench
	@go build $(check) -o dist/bench/bench ./cmd/internal/bench
	@# Told to end, make ends this shell alone: that passes it on, and waits until the databases and windows are gone.
	@dist/bench/bench $(if $(filter quick,$(BENCH)),-quick) -out dist/bench & table=$$!; \
	trap 'kill -TERM $$table; wait $$table; exit 1' TERM INT HUP; wait $$table; table=$$?; trap - TERM INT HUP; \
	go test $(check) -run '^$$' -bench . -benchmem $(if $(filter quick,$(BENCH)),-benchtime 20ms -short,-benchtime 0.3s -count 6) \
		$(benched) >dist/bench/go.txt; raw=$$?; cat dist/bench/go.txt; exit $$((table | raw))

lint: provision-lint
	@echo gofmt; badly=$$(gofmt -l cmd terminal sync ui assets); [ -z "$$badly" ] || { echo "not formatted: $$badly"; exit 1; }
	go vet $(check) ./...
	go tool staticcheck $(check) -checks inherit,ST1008,ST1012,ST1016,ST1017,ST1019 $$(go list $(check) ./... | grep -v /sync/api$$)
	@# The generator's own way with errors in sync/api is not ours to mend.
	go tool staticcheck $(check) -checks inherit,ST1008,ST1012,ST1016,ST1017,ST1019,-ST1005,-SA4006 ./sync/api
	go mod tidy -diff
	@if command -v shellcheck >/dev/null; then echo shellcheck; shellcheck $$(find .ci assets -type f -perm /u+x \
		-exec sh -c 'head -1 "$$1" | grep -qE "(bash|/sh)$$"' _ {} \; -print); fi
	go test $(check) ./cmd/internal/house

gallery: provision-test
	rm -rf dist/gallery
	COUNTERSIGN_GALLERY=$(CURDIR)/dist/gallery go test $(check) -count=1 -timeout 90m -run Gallery ./ui/...
	@echo "$$(ls dist/gallery | wc -l) pictures are in dist/gallery"

generate: provision-build
	go generate ./...

package: provision-package
	assets/packaging/package

test-package: provision-package
	assets/packaging/debian/test bookworm trixie

test-windows: provision-package
	assets/packaging/windows/test

provision-build provision-test provision-lint provision-package: provision-%:
	@.ci/provision $*
