package station

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestABundleHoldsNoSecrets(t *testing.T) {
	// A support bundle travels by mail: a code in it would be redeemed, a join code would make a stranger's computer a terminal.
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	secrets := []string{"7K3M-Q9TX-4B2H-Q", "countersign://cloud.example/#AAAABBBBCCCCDDDDEEEEFFFFGG.0123456789ABCDEFGHJKMNPQRS", "hush",
		"eyJhbGciOiJFZERTQSJ9.eyJhIjoxfQ.c2ln"}
	write(t, filepath.Join(folder, "logs", "countersign.log"),
		`{"msg":"`+secrets[0]+`"}`+"\n"+secrets[1]+"\nhttp://till:hush@proxy.example:3128\n"+secrets[3]+"\nwhat else happened\n")
	write(t, filepath.Join(folder, "logs", "crash-countersign-1.txt"), "panic: at the disco\n")
	write(t, filepath.Join(folder, KeysName), "the keys themselves")
	write(t, filepath.Join(folder, ConfigName), `proxy = "http://till:hush@proxy.example:3128"`)
	var out bytes.Buffer
	held, err := SupportBundle(t.Context(), Config{Folder: folder, Program: "test", Version: "v1"}, &out)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, file := range archive.File {
		opened, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(opened)
		if err != nil {
			t.Fatal(err)
		}
		texts[file.Name] = string(text)
		for _, secret := range append(secrets, "the keys themselves") {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s holds %s", file.Name, secret)
			}
		}
		if file.Name != "CONTENTS.txt" && !strings.Contains(strings.Join(held, "\n"), file.Name) {
			t.Errorf("%s is in it, and the list does not say so", file.Name)
		}
	}
	for name, holds := range map[string]string{
		"logs/countersign.log": "what else happened", "logs/crash-countersign-1.txt": "at the disco", "folder.txt": KeysName,
		"config.json": "proxy.example", "doctor.json": "folder", "CONTENTS.txt": "doctor.json", "status.txt": "joined",
	} {
		if !strings.Contains(texts[name], holds) {
			t.Errorf("%s is %q, and should hold %q", name, texts[name], holds)
		}
	}
}

// crashVariable turns the test's program into one that crashes.
const crashVariable = "COUNTERSIGN_CRASH_IN"

func TestACrashIsKept(t *testing.T) {
	// A counter that fell over would leave nothing that support could read.
	if folder := os.Getenv(crashVariable); folder != "" {
		if _, err := KeepCrashes(Config{Folder: folder, Program: "countersign"}); err != nil {
			t.Fatal(err)
		}
		gone := make(chan bool)
		go func() { panic("the till fell over") }()
		<-gone
	}
	folder := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run", "^TestACrashIsKept$")
	child.Env = append(os.Environ(), crashVariable+"="+folder)
	if out, err := child.CombinedOutput(); err == nil {
		t.Fatalf("it did not crash: %s", out)
	}
	kept := Crashes(folder)
	if len(kept) != 1 {
		t.Fatalf("%d reports were kept", len(kept))
	}
	if text, err := os.ReadFile(kept[0]); err != nil || !strings.Contains(string(text), "the till fell over") || !strings.Contains(string(text), "goroutine") {
		t.Errorf("the report says %q, %v", text, err)
	}
	// One that ended well leaves nothing.
	folder = t.TempDir()
	crashes, err := KeepCrashes(Config{Folder: folder, Program: "countersign"})
	if err != nil {
		t.Fatal(err)
	}
	if err := crashes.Close(); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(LogFolder(folder)); err != nil || len(files) != 0 {
		t.Errorf("%d files are left, %v", len(files), err)
	}
}
