package api_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// bodies are all bodies of requests and answers that the contract describes, by where they are; "Problem" is the one that all share.
func bodies(doc *openapi3.T) map[string]*openapi3.MediaType {
	all := map[string]*openapi3.MediaType{}
	add := func(where string, content openapi3.Content) {
		for kind, media := range content {
			all[where+" "+kind] = media
		}
	}
	for name, answer := range doc.Components.Responses {
		add(name, answer.Value.Content)
	}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			if operation.RequestBody != nil {
				add(operation.OperationID+" request", operation.RequestBody.Value.Content)
			}
			for status, answer := range operation.Responses.Map() {
				if answer.Ref == "" { // else it is among the shared ones
					add(operation.OperationID+" "+status, answer.Value.Content)
				}
			}
		}
	}
	return all
}

// examples are the examples of a body, by name.
func examples(media *openapi3.MediaType) map[string]any {
	all := map[string]any{}
	if media.Example != nil {
		all["example"] = media.Example
	}
	for name, ref := range media.Examples {
		all[name] = ref.Value.Value
	}
	return all
}

// strangers are the members of an example that its schema does not know: a schema lets them pass, a reader would send them.
func strangers(ref *openapi3.SchemaRef, value any, where string) (all []string) {
	schema := ref.Value
	for _, part := range schema.AllOf {
		all = append(all, strangers(part, value, where)...)
	}
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			if schema.Items != nil {
				all = append(all, strangers(schema.Items, item, fmt.Sprintf("%s[%d]", where, i))...)
			}
		}
	case map[string]any:
		for name, member := range value {
			known := schema.Properties[name]
			switch {
			case known != nil:
				all = append(all, strangers(known, member, where+"."+name)...)
			case len(schema.Properties) > 0:
				all = append(all, where+"."+name)
			}
		}
	}
	return all
}

// Whoever connects their own systems would have to guess what a request or an answer looks like, or copy one that is refused.
func TestEveryBodyHasExamplesThatFit(t *testing.T) {
	t.Parallel()
	all := bodies(contract(t))
	if len(all) < 60 {
		t.Fatalf("%d bodies were found in the contract", len(all))
	}
	for _, where := range slices.Sorted(maps.Keys(all)) {
		media := all[where]
		shown := examples(media)
		if len(shown) == 0 {
			t.Errorf("%s has no example", where)
		}
		for name, value := range shown {
			if err := media.Schema.Value.VisitJSON(value, openapi3.EnableFormatValidation(), openapi3.MultiErrors()); err != nil {
				t.Errorf("%s: %s does not fit: %v", where, name, err)
			}
			for _, stranger := range strangers(media.Schema, value, name) {
				t.Errorf("%s: the schema does not know %s", where, stranger)
			}
		}
	}
	// The check does refuse.
	answer := all["claim 200 application/json"]
	if answer == nil {
		t.Fatal("the answer to a claim was not found")
	}
	wrong := map[string]any{"granted": "yes", "grantd": true}
	if answer.Schema.Value.VisitJSON(wrong) == nil || len(strangers(answer.Schema, wrong, "")) != 1 {
		t.Error("an example that does not fit was taken")
	}
}
