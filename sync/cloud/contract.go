package cloud

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
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
	if err != nil {
		return contractProblem(err)
	}
	if stranger := strangers(route.Operation, route.PathItem, r.URL.Query(), body); stranger != "" {
		return misfits(http.StatusUnprocessableEntity, stranger)
	}
	return nil
}

// contractProblem says what of a request is not as the contract describes it.
func contractProblem(err error) error {
	if err == nil {
		return nil
	}
	status, what := http.StatusUnprocessableEntity, ""
	var request *openapi3filter.RequestError
	var parse *openapi3filter.ParseError
	var schema *openapi3.SchemaError
	switch {
	case errors.As(err, &request) && request.Parameter != nil:
		what = "the parameter " + request.Parameter.Name + " is wrong"
		if errors.As(err, &schema) {
			what = "the parameter " + request.Parameter.Name + " " + misfit(schema)
		}
	case errors.As(err, &parse):
		status, what = http.StatusBadRequest, "the body is no JSON"
	case errors.As(err, &schema):
		what = misfitOf(schema)
	case errors.Is(err, openapi3filter.ErrInvalidRequired):
		what = "it needs a body, of JSON"
	default:
		what = "its body does not fit"
	}
	return misfits(status, what)
}

func misfits(status int, what string) error {
	return problem(status, "malformed_request", "The request is not as the API describes it (see /api), and nothing was done: "+what+".")
}

// misfitLine is one line of what the library finds wrong with a schema of JSON Schema's newer form: where, and where it is safe to repeat, what.
// The rest of its words hold values.
var misfitLine = regexp.MustCompile(`- at '([^']*)': (missing propert(?:y|ies) .*|got \w+, want [^']*)?`)

// misfitOf says where in a body something does not fit, and what was expected there.
func misfitOf(found *openapi3.SchemaError) string {
	var lines []string
	for _, line := range misfitLine.FindAllStringSubmatch(found.Reason, -1) {
		member, fault := strings.ReplaceAll(strings.TrimPrefix(line[1], "/"), "/", "."), cmp.Or(line[2], "not allowed as it is")
		if member != "" {
			fault = member + ": " + fault
		}
		lines = append(lines, fault)
	}
	if len(lines) > 0 {
		return strings.Join(lines, "; ")
	}
	path := found.JSONPointer()
	for inner := (*openapi3.SchemaError)(nil); errors.As(found.Origin, &inner); { // of what a schema is made of, the one that does not fit
		found = inner
		path = append(path, found.JSONPointer()...)
	}
	if len(path) == 0 {
		return "the body " + misfit(found)
	}
	return strings.Join(path, ".") + " " + misfit(found)
}

// typesOf are what the types of JSON are called.
var typesOf = map[string]string{"integer": "a whole number", "number": "a number", "string": "a text", "boolean": "true or false", "object": "an object", "array": "a list"}

// misfit says what was expected. It never repeats a value, which may be a voucher's code.
func misfit(found *openapi3.SchemaError) string {
	s := found.Schema
	switch found.SchemaField {
	case "required":
		return "is missing"
	case "nullable":
		return "must not be null"
	case "type":
		var named []string
		for _, name := range s.Type.Slice() {
			named = append(named, cmp.Or(typesOf[name], name))
		}
		return "has to be " + strings.Join(named, " or ")
	case "minimum":
		return "has to be at least " + strconv.FormatFloat(*s.Min, 'f', -1, 64)
	case "maximum":
		return "can be " + strconv.FormatFloat(*s.Max, 'f', -1, 64) + " at most"
	case "minLength", "minItems":
		return "is too short"
	case "maxLength", "maxItems":
		return "is too long"
	case "enum":
		return "has to be one of: " + strings.Trim(fmt.Sprint(s.Enum), "[]")
	case "format", "pattern":
		return "is not written as the API describes it" + exampleOf(s)
	}
	return "is not allowed as it is"
}

// exampleOf shows how something is written that has a form of its own.
func exampleOf(s *openapi3.Schema) string {
	switch {
	case s.Example != nil:
		return fmt.Sprintf(": %v", s.Example)
	case s.Format == "date-time", strings.Contains(s.Pattern, "T"):
		return ": 2026-11-21T18:00:00+01:00"
	case s.Format == "date":
		return ": 2026-11-21"
	}
	return ""
}

// unknownMember names what a body has and its schema does not; "" where there is nothing. What is misspelt would be left out in silence.
func unknownMember(s *openapi3.Schema, value any, path string) string {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			if s.Items == nil || s.Items.Value == nil {
				return ""
			}
			if found := unknownMember(s.Items.Value, item, path); found != "" {
				return found
			}
		}
	case map[string]any:
		known := propertiesOf(s)
		if len(known) == 0 || s.AdditionalProperties.Schema != nil {
			return "" // any names
		}
		for _, name := range slices.Sorted(maps.Keys(value)) {
			where := strings.TrimPrefix(path+"."+name, ".")
			of, there := known[name]
			if !there {
				return where + " is nothing that it can hold, which is: " + strings.Join(slices.Sorted(maps.Keys(known)), ", ")
			}
			if found := unknownMember(of, value[name], where); found != "" {
				return found
			}
		}
	}
	return ""
}

// propertiesOf are the members that a schema knows, with those of what it is made of.
func propertiesOf(s *openapi3.Schema) map[string]*openapi3.Schema {
	known := map[string]*openapi3.Schema{}
	for name, of := range s.Properties {
		known[name] = of.Value
	}
	for _, part := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf) {
		maps.Copy(known, propertiesOf(part.Value))
	}
	return known
}

// strangers names what of a request the contract does not know: a parameter or a member of its body.
func strangers(operation *openapi3.Operation, item *openapi3.PathItem, query url.Values, body []byte) string {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		in := func(p *openapi3.ParameterRef) bool { return p.Value.In == "query" && p.Value.Name == name }
		if !slices.ContainsFunc(operation.Parameters, in) && !slices.ContainsFunc(item.Parameters, in) {
			return "there is no parameter " + name
		}
	}
	if operation.RequestBody == nil || len(body) == 0 {
		return ""
	}
	media := operation.RequestBody.Value.Content.Get("application/json")
	var value any
	if media == nil || json.Unmarshal(body, &value) != nil {
		return ""
	}
	return unknownMember(media.Schema.Value, value, "")
}
