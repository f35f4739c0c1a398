// Package api is what is generated from openapi.yaml, the contract between a terminal and its cloud, and the parts of that
// contract that no generator knows: join codes, request proofs, signed answers and the trust list.
package api

//go:generate go tool oapi-codegen -config config.yaml ../openapi.yaml

// OpenMost is how many claims a request may name as open.
const OpenMost = 10_000
