package cloud

import (
	"slices"
	"testing"

	"countersign/sync/api"
)

// The page of the contract would leave out examples that the contract has: who reads only the page would have to guess what a claim looks like.
func TestPageShowsAnExampleOfEachBody(t *testing.T) {
	t.Parallel()
	contract, err := api.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	page := describe(contract)
	shown := 0
	for _, group := range page.Groups {
		for _, operation := range group.Operations {
			for what, schema := range map[string]string{"Request": operation.Request, "Answer": operation.Answer} {
				has := slices.ContainsFunc(operation.Examples, func(e apiExample) bool { return e.What == what && e.Text != "" })
				if schema != "" && !has {
					t.Errorf("%s %s shows %s without an example", operation.Method, operation.Path, schema)
				}
				if has {
					shown++
				}
			}
		}
	}
	if shown < 58 {
		t.Errorf("only %d bodies have an example on the page", shown)
	}
	if len(page.Problems) == 0 {
		t.Error("the page shows no problem")
	}
}
