package station

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// template is what counts in a file of policies for the editor of group policy (PolicyDefinitions, ADMX).
type template struct {
	Policies []struct {
		Name  string `xml:"name,attr"`
		Class string `xml:"class,attr"`
		Key   string `xml:"key,attr"`
		Value string `xml:"valueName,attr"`
		Shown string `xml:"presentation,attr"`
		Texts []struct {
			Value string `xml:"valueName,attr"`
		} `xml:"elements>text"`
		Numbers []struct {
			Value string `xml:"valueName,attr"`
		} `xml:"elements>decimal"`
		Choices []struct {
			Value string `xml:"valueName,attr"`
			Items []struct {
				Value string `xml:"value>string"`
			} `xml:"item"`
		} `xml:"elements>enum"`
	} `xml:"policies>policy"`
}

// named is what a language's file gives names to.
type named struct {
	Strings []struct {
		ID   string `xml:"id,attr"`
		Text string `xml:",chardata"`
	} `xml:"resources>stringTable>string"`
	Presentations []struct {
		ID string `xml:"id,attr"`
	} `xml:"resources>presentationTable>presentation"`
}

func readXML(t *testing.T, path string, into any) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = xml.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return string(text)
}

func TestGroupPolicyKnowsEverySetting(t *testing.T) {
	// IT would set what the counter does not read, or could not set what it does, and would find out on four hundred counters.
	folder := "../../../assets/packaging/windows/policy"
	var all template
	text := readXML(t, filepath.Join(folder, "countersign.admx"), &all)
	found := map[string]string{}
	for _, p := range all.Policies {
		if p.Class != "Machine" || p.Key != policyPath {
			t.Errorf("%s is of %s, %s", p.Name, p.Class, p.Key)
		}
		kind, value := "bool", p.Value
		switch {
		case len(p.Texts) == 1:
			kind, value = "text", p.Texts[0].Value
		case len(p.Numbers) == 1:
			kind, value = "number", p.Numbers[0].Value
		case len(p.Choices) == 1:
			kind, value = "text", p.Choices[0].Value
			for _, item := range p.Choices[0].Items {
				var settings Settings
				at := slices.IndexFunc(keys, func(k key) bool { return k.name == value })
				if err := keys[at].set(&settings, p.Name, item.Value); err != nil {
					t.Error(err)
				}
			}
		}
		if value != p.Name {
			t.Errorf("%s sets %s", p.Name, value)
		}
		found[value] = kind
	}
	for _, k := range keys {
		wanted := "text"
		switch k.into(&Settings{}).(type) {
		case *bool:
			wanted = "bool"
		case *int:
			wanted = "number"
		}
		if found[k.name] != wanted {
			t.Errorf("%s is %q in the policy, and is a %s", k.name, found[k.name], wanted)
		}
	}
	if len(found) != len(keys) {
		t.Errorf("there are %d policies for %d settings", len(found), len(keys))
	}
	languages, err := filepath.Glob(filepath.Join(folder, "*", "countersign.adml"))
	if err != nil || len(languages) != 4 {
		t.Fatalf("%v, %v", languages, err)
	}
	for _, path := range languages {
		var names named
		readXML(t, path, &names)
		for _, s := range names.Strings {
			if strings.TrimSpace(s.Text) == "" || !strings.Contains(text, "$(string."+s.ID+")") {
				t.Errorf("%s: %s says nothing, or is said nowhere", path, s.ID)
			}
		}
		if want := strings.Count(text, "$(string."); len(names.Strings) != want || len(names.Presentations) != strings.Count(text, "$(presentation.") {
			t.Errorf("%s has %d texts of %d", path, len(names.Strings), want)
		}
	}
}
