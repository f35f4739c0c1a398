package cloud

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"countersign/sync/api"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// apiPage is what the page of the contract shows.
type apiPage struct {
	Title, About, Version string
	Groups                []apiGroup
	Problems              []apiExample // what a request that fails is answered
	Schemas               []apiSchema
}

type apiGroup struct {
	Name, About string
	Operations  []apiOperation
}

type apiOperation struct {
	ID, Method, Path, Summary, About string
	Parameters                       []apiMember
	Request, Answer                  string // schemas
	Examples                         []apiExample
}

type apiExample struct{ What, Text string }

type apiSchema struct {
	Name, About string
	Members     []apiMember
}

type apiMember struct {
	Name, Type, About string
	Link              string // of a schema
	Needed            bool
}

// contractPage is the contract as a page. To read the contract takes a tenth of a second, which a hub that starts at a counter has better
// use for: it is read when somebody asks, once.
var contractPage = sync.OnceValues(func() ([]byte, error) {
	contract, err := api.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("the contract cannot be read: %w", err)
	}
	var page bytes.Buffer
	err = pageTemplate.Execute(&page, describe(contract))
	return page.Bytes(), err
})

var contractFile = sync.OnceValues(func() ([]byte, error) { return api.GetSpecJSON() })

// pageHandlers serve the contract: as a page for people at /api, and as it is for programs at /openapi.json. Nothing of the page comes
// from anywhere else.
func (s *server) pageHandlers(mux *http.ServeMux) {
	serve := func(kind string, content func() ([]byte, error)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			text, err := content()
			if err != nil {
				s.fail(w, r, err)
				return
			}
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
			_, _ = w.Write(text) // into a recorder, which takes everything
		}
	}
	mux.HandleFunc("GET /api", serve("text/html; charset=utf-8", contractPage))
	mux.HandleFunc("GET /openapi.json", serve("application/json", contractFile))
}

func describe(contract *openapi3.T) apiPage {
	page := apiPage{Title: contract.Info.Title, About: contract.Info.Description, Version: contract.Info.Version}
	for _, tag := range contract.Tags {
		page.Groups = append(page.Groups, apiGroup{Name: tag.Name, About: tag.Description})
	}
	paths := contract.Paths.InMatchingOrder()
	sort.Strings(paths)
	for _, path := range paths {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
			operation := contract.Paths.Value(path).GetOperation(method)
			if operation == nil {
				continue
			}
			at := slices.IndexFunc(page.Groups, func(g apiGroup) bool { return slices.Contains(operation.Tags, g.Name) })
			if at >= 0 {
				page.Groups[at].Operations = append(page.Groups[at].Operations, describeOperation(method, path, operation))
			}
		}
	}
	if answer := contract.Components.Responses["Problem"]; answer != nil {
		contentOf(answer.Value.Content, "Answer", &page.Problems)
	}
	names := []string{}
	for name := range contract.Components.Schemas {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		page.Schemas = append(page.Schemas, describeSchema(name, contract.Components.Schemas[name].Value))
	}
	return page
}

func describeOperation(method, path string, o *openapi3.Operation) apiOperation {
	out := apiOperation{ID: o.OperationID, Method: method, Path: path, Summary: o.Summary, About: o.Description}
	for _, ref := range o.Parameters {
		p := ref.Value
		member := apiMember{Name: p.Name, Type: "in " + p.In, About: p.Description, Needed: p.Required}
		if kind := typeOf(p.Schema); kind != "" {
			member.Type = kind + " " + member.Type
		}
		out.Parameters = append(out.Parameters, member)
	}
	if o.RequestBody != nil {
		out.Request = contentOf(o.RequestBody.Value.Content, "Request", &out.Examples)
	}
	for _, status := range []string{"200", "206"} {
		if answer := o.Responses.Value(status); answer != nil {
			out.Answer = contentOf(answer.Value.Content, "Answer", &out.Examples)
		}
	}
	return out
}

// contentOf names the schema of a content and collects its examples.
func contentOf(content openapi3.Content, what string, examples *[]apiExample) string {
	for _, media := range content {
		if media.Example != nil {
			addExample(examples, what, media.Example)
		}
		names := []string{}
		for name := range media.Examples {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			addExample(examples, what, media.Examples[name].Value.Value)
		}
		return refName(media.Schema)
	}
	return ""
}

// addExample adds an example as people read it: a text as it is, all else as JSON.
func addExample(examples *[]apiExample, what string, value any) {
	if text, ok := value.(string); ok {
		*examples = append(*examples, apiExample{what, text})
		return
	}
	if text, err := json.MarshalIndent(value, "", "  "); err == nil {
		*examples = append(*examples, apiExample{what, string(text)})
	}
}

func refName(ref *openapi3.SchemaRef) string {
	if ref == nil {
		return ""
	}
	_, name, _ := strings.Cut(ref.Ref, "#/components/schemas/")
	return name
}

// typeOf says what a value is, in a word or two.
func typeOf(ref *openapi3.SchemaRef) string {
	if ref == nil || ref.Value == nil {
		return ""
	}
	if name := refName(ref); name != "" {
		return name
	}
	s := ref.Value
	switch {
	case len(s.AllOf) == 1:
		return typeOf(s.AllOf[0])
	case len(s.Enum) > 0:
		words := make([]string, len(s.Enum))
		for i, word := range s.Enum {
			words[i] = fmt.Sprint(word)
		}
		return strings.Join(words, " | ")
	case s.Type != nil && s.Type.Is("array"):
		return "list of " + typeOf(s.Items)
	case s.Type != nil && len(s.Type.Slice()) > 0:
		kind := s.Type.Slice()[0]
		if s.Format != "" {
			kind += " (" + s.Format + ")"
		}
		return kind
	}
	return ""
}

func describeSchema(name string, s *openapi3.Schema) apiSchema {
	out := apiSchema{Name: name, About: s.Description}
	if len(s.Properties) == 0 {
		out.About = strings.TrimSpace(typeOf(&openapi3.SchemaRef{Value: s}) + ". " + out.About)
	}
	members := []string{}
	for member := range s.Properties {
		members = append(members, member)
	}
	sort.Strings(members)
	for _, member := range members {
		ref := s.Properties[member]
		one := apiMember{Name: member, Type: typeOf(ref), Needed: slices.Contains(s.Required, member)}
		if ref.Ref == "" {
			one.About = ref.Value.Description
		}
		inner := ref
		if ref.Value.Items != nil {
			inner = ref.Value.Items
		} else if len(ref.Value.AllOf) == 1 {
			inner = ref.Value.AllOf[0]
		}
		if one.Link = refName(ref); one.Link == "" {
			one.Link = refName(inner)
		}
		out.Members = append(out.Members, one)
	}
	return out
}
