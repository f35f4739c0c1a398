package cloud

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"countersign/sync/api"
)

// contractRoutes finds the operation of a request in the contract. It is made when the merchant's side is first used: to read the contract
// takes a tenth of a second.
var contractRoutes = sync.OnceValues(func() (routers.Router, error) {
	contract, err := api.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("the contract cannot be read: %w", err)
	}
	contract.Servers = nil // it is served wherever the public URL says
	return legacy.NewRouter(contract)
})

// keepsContract holds a request of the merchant's side against the contract: people write those by hand, and one whose member is missing or misspelt
// would be carried out as something else. Nothing but the request's body is read; it can be read again. What the contract does not
// know is left to whoever routes it.
func keepsContract(r *http.Request) error {
	routes, err := contractRoutes()
	if err != nil {
		return err
	}
	route, parameters, err := routes.FindRoute(r)
	if err != nil {
		return nil // an address or a method that does not exist is answered as that
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	check := r.Clone(r.Context())
	check.Body = io.NopCloser(bytes.NewReader(body))
	if len(body) > 0 {
		check.Header.Set("Content-Type", "application/json") // there is no other kind, whether it is said or not
	}
	err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{Request: check, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true}})
	return contractProblem(err)
}

// misfit is one line of what the library finds wrong: where, and where it is safe to repeat, what. The rest of its words hold values, which
// may be a voucher's code.
var misfit = regexp.MustCompile(`- at '([^']*)': (missing propert(?:y|ies) .*|got \w+, want [^']*)?`)

func reason(err error) string {
	var schema *openapi3.SchemaError
	if errors.As(err, &schema) {
		return schema.Reason
	}
	return err.Error()
}

// contractProblem says what of a request is not as the contract describes it.
func contractProblem(err error) error {
	if err == nil {
		return nil
	}
	status, what := http.StatusUnprocessableEntity, []string{}
	var request *openapi3filter.RequestError
	var parse *openapi3filter.ParseError
	if errors.As(err, &request) && request.Parameter != nil {
		what = append(what, "the parameter "+request.Parameter.Name+" is wrong")
	} else if errors.As(err, &parse) {
		status, what = http.StatusBadRequest, append(what, "the body is no JSON")
	} else {
		for _, found := range misfit.FindAllStringSubmatch(reason(err), -1) {
			member, fault := strings.ReplaceAll(strings.TrimPrefix(found[1], "/"), "/", "."), found[2]
			if fault == "" {
				fault = "not allowed as it is"
			}
			if member != "" {
				fault = member + ": " + fault
			}
			what = append(what, fault)
		}
	}
	return problem(status, "malformed_request",
		"The request is not as the API describes it (see /api), and nothing was done: "+strings.Join(what, "; ")+".")
}
