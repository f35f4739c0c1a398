package demo_test

import (
	"regexp"
	"strings"
	"testing"

	"countersign/assets/demo"
	"countersign/assets/icons"
	"countersign/sync/cloud/catalogue"
)

func logo(string) ([]byte, error) { return icons.PNG(), nil }

// The demo, and whoever tries the cloud for the first time, begins by applying this file.
func TestTheCloudTakesTheSample(t *testing.T) {
	read, err := catalogue.Read("catalogue.toml", string(demo.Catalogue()), logo)
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Stores) != 2 || len(read.Operators) != 4 || len(read.Campaigns) != 6 {
		t.Errorf("it was read as %d stores, %d operators, %d campaigns", len(read.Stores), len(read.Operators), len(read.Campaigns))
	}
}

// A commented key is there to be uncommented: one that is then refused costs an afternoon.
func TestTheCloudTakesWhatIsCommentedToo(t *testing.T) {
	all := regexp.MustCompile(`(?m)^#([a-z\[])`).ReplaceAllString(string(demo.Catalogue()), "$1")
	all = strings.Replace(all, "pin = \"5548\"\n", "", 1) // pin_hash stands in its place
	read, err := catalogue.Read("catalogue.toml", all, logo)
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Campaigns) != 11 || len(read.Stores[0].Logo) == 0 {
		t.Errorf("it was read as %d campaigns, with a logo of %d bytes", len(read.Campaigns), len(read.Stores[0].Logo))
	}
}
