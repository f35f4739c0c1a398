// Command licences lists every module that is linked into the programs, on any system they are built for, with its version and licence,
// and the text of each licence. It fails where a module brings no licence, or one that it does not know: somebody has to look at it.
//
//	go run ./assets/packaging/licences [-out LICENCES.txt] [PROGRAM...]
//
// With programs, it fails too where one of them holds a module that is not in the list.
package main

import (
	"bufio"
	"bytes"
	"debug/buildinfo"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	out := flag.String("out", "", "the file to write; standard output where it is left out")
	flag.Parse()
	modules, err := linked(".")
	if err != nil {
		log.Fatal(err)
	}
	for _, program := range flag.Args() {
		if err := covers(modules, program); err != nil {
			log.Fatal(err)
		}
	}
	text, err := list(modules)
	if err != nil {
		log.Fatal(err)
	}
	if *out == "" {
		_, err = os.Stdout.Write(text)
	} else {
		err = os.WriteFile(*out, text, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// module is one that is linked into a program.
type module struct {
	path, version string
	top           string   // its folder
	folders       []string // of its packages that are linked
	licences      []licence
}

// licence is the text that a file holds.
type licence struct {
	kind string // SPDX
	file string
	text []byte
}

// systems are what the programs are built for.
var systems = []string{"linux", "windows"}

// linked finds the modules of all programs of the module whose top is at root.
func linked(root string) (map[string]*module, error) {
	modules := map[string]*module{}
	for _, system := range systems {
		// The programs are listed and not built: for this, cgo needs no compiler.
		command := exec.Command("go", "list", "-deps", "-tags", "x11,migrated_fynedo,no_emoji", "-f",
			"{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}\t{{$.Dir}}{{end}}{{end}}", "./cmd/countersign", "./cmd/countersignctl", "./cmd/countersign-cloud")
		command.Dir = root
		command.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=1")
		command.Stderr = os.Stderr
		output, err := command.Output()
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		for lines := bufio.NewScanner(bytes.NewReader(output)); lines.Scan(); {
			fields := strings.Split(lines.Text(), "\t")
			if len(fields) != 4 {
				continue
			}
			m := modules[fields[0]]
			if m == nil {
				m = &module{path: fields[0], version: fields[1], top: fields[2]}
				modules[m.path] = m
			}
			if !slices.Contains(m.folders, fields[3]) {
				m.folders = append(m.folders, fields[3])
			}
		}
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	version, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	modules["std"] = &module{path: "std", version: strings.TrimSpace(string(version)), top: strings.TrimSpace(string(goroot))}
	for _, m := range modules {
		if err := m.read(); err != nil {
			return nil, err
		}
	}
	return modules, nil
}

var named = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|notice)([.-].*)?$`)

// read finds the licences of a module: beside its packages, and at its top.
func (m *module) read() error {
	places := []string{filepath.Join(m.top, "*")}
	for _, folder := range m.folders {
		// C code that a package brings along has its licence one below.
		places = append(places, filepath.Join(folder, "*"), filepath.Join(folder, "*", "*"))
	}
	for _, place := range places {
		entries, err := filepath.Glob(place)
		if err != nil {
			return err
		}
		for _, path := range entries {
			if info, err := os.Stat(path); err != nil || info.IsDir() || !named.MatchString(filepath.Base(path)) || strings.HasSuffix(path, ".go") {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text = bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
			same := func(l licence) bool { return bytes.Equal(l.text, text) }
			if slices.ContainsFunc(m.licences, same) {
				continue
			}
			inside, err := filepath.Rel(m.top, path)
			if err != nil {
				return err
			}
			m.licences = append(m.licences, licence{kindOf(string(text)), filepath.ToSlash(inside), text})
		}
	}
	slices.SortFunc(m.licences, func(a, b licence) int { return strings.Compare(a.file, b.file) })
	return nil
}

// kinds tell licences by a phrase that only they have. The first that fits counts.
var kinds = []struct {
	kind   string
	phrase *regexp.Regexp
}{
	{"Apache-2.0", regexp.MustCompile(`Apache License\s+Version 2\.0`)},
	{"MPL-2.0", regexp.MustCompile(`Mozilla Public License,? [Vv]ersion 2\.0`)},
	{"MIT", regexp.MustCompile(`Permission is hereby granted, free of charge, to any person\s+obtaining\s+a\s+copy`)},
	{"BSD-3-Clause", regexp.MustCompile(`Redistribution and use in source and binary forms[\s\S]*(endorse or promote|promote products)`)},
	{"BSD-2-Clause", regexp.MustCompile(`Redistribution and use in source and binary forms`)},
	{"ISC", regexp.MustCompile(`Permission to use, copy, modify, and(/or)? distribute this software\s+for\s+any\s+purpose`)},
	{"Zlib", regexp.MustCompile(`This software is provided 'as-is', without any express or implied\s+warranty`)},
	{"OFL-1.1", regexp.MustCompile(`SIL OPEN FONT LICENSE Version 1\.1`)},
	{"CC0-1.0", regexp.MustCompile(`CC0 1\.0 Universal`)},
	{"Unlicense", regexp.MustCompile(`This is free and unencumbered software released into the public domain`)},
}

func kindOf(text string) string {
	for _, k := range kinds {
		if k.phrase.MatchString(text) {
			return k.kind
		}
	}
	return ""
}

// kind names the module's licences, or says that there is none that is known.
func (m *module) kind() (string, error) {
	var found []string
	for _, l := range m.licences {
		if l.kind != "" && !slices.Contains(found, l.kind) {
			found = append(found, l.kind)
		}
	}
	if len(found) == 0 {
		return "", fmt.Errorf("the module %s %s has no licence that is known: look at it, and add it to assets/packaging/licences or do without the module", m.path, m.version)
	}
	return strings.Join(found, ", "), nil
}

// covers fails where a built program holds a module that is not in the list.
func covers(modules map[string]*module, program string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	for _, dependency := range info.Deps {
		if m := modules[dependency.Path]; m == nil || m.version != dependency.Version {
			return fmt.Errorf("%s holds the module %s %s, which is not in the list", program, dependency.Path, dependency.Version)
		}
	}
	return nil
}

// list writes the table and the texts.
func list(modules map[string]*module) ([]byte, error) {
	var out bytes.Buffer
	fmt.Fprint(&out, "Modules that are linked into the programs of Countersign, each with its licence. The texts follow. Countersign itself is under the\n"+
		"Apache License 2.0; see also NOTICE.\n\n")
	paths := slices.Sorted(maps.Keys(modules))
	for _, path := range paths {
		kind, err := modules[path].kind()
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "%-60s %-42s %s\n", path, modules[path].version, kind)
	}
	for _, path := range paths {
		for _, l := range modules[path].licences {
			fmt.Fprintf(&out, "\n%s\n%s %s, %s\n%[1]s\n\n%[5]s\n", strings.Repeat("=", 100), path, modules[path].version, l.file, l.text)
		}
	}
	return out.Bytes(), nil
}
