package station

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// maxBundled is how much of one log goes into a support bundle: its end.
const maxBundled = 5 << 20

// secretive finds what no log should hold, in case one does: join codes, voucher codes typed into an address or an error, signed tokens,
// passwords in addresses.
var secretive = []*regexp.Regexp{
	regexp.MustCompile(`countersign://[^\s"'\\]+`),
	regexp.MustCompile(`://[^\s"'/@\\]+:[^\s"'/@\\]+@`),
	regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]\b`),
	regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{26}\.[0-9A-HJKMNP-TV-Z]{26}\b`),
	regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+`),
}

// withoutSecrets blots out what looks like a secret.
func withoutSecrets(text []byte) []byte {
	for _, pattern := range secretive {
		text = pattern.ReplaceAll(text, []byte("«left out»"))
	}
	return text
}

// bundled is one file of a support bundle.
type bundled struct {
	name, what string
	text       []byte
}

// SupportBundle writes what support needs of a terminal into a zip, and lists what it holds: no journal, no cache, no keys, no codes, no
// PINs, nobody's name but the store's. What cannot be read is named in it, and stops nothing: a bundle is asked for when something is
// broken.
func SupportBundle(ctx context.Context, config Config, out io.Writer) ([]string, error) {
	folder := FolderOf(config)
	files := []bundled{
		{"doctor.json", "what countersignctl doctor finds", asJSON(Examine(ctx, config))},
		{"config.json", "each setting and where it came from, without passwords", bundledConfig(config, folder)},
		{"computer.json", "system, version, time, free space", bundledComputer(config, folder)},
		{"folder.txt", "names, sizes and times of the files of the data folder", listing(folder)},
	}
	if status, err := bundledStatus(ctx, config); err == nil {
		files = append(files, bundled{"status.json", "what countersignctl status says", status})
	} else {
		files = append(files, bundled{"status.txt", "why the status cannot be told", []byte(err.Error() + "\n")})
	}
	logs, err := filepath.Glob(filepath.Join(LogFolder(folder), "*"))
	if err != nil {
		return nil, err
	}
	for _, path := range logs {
		name := filepath.Base(path)
		if extension := filepath.Ext(name); extension != ".log" && extension != ".txt" {
			continue
		}
		what := "a log"
		if strings.HasPrefix(name, "crash-") {
			what = "a crash report"
		}
		text, err := ending(path)
		if err != nil {
			text = []byte("it cannot be read: " + err.Error() + "\n")
		}
		if len(text) > 0 {
			files = append(files, bundled{"logs/" + name, what, text})
		}
	}
	return pack(out, files)
}

func pack(out io.Writer, files []bundled) ([]string, error) {
	var contents strings.Builder
	fmt.Fprintln(&contents, "Support bundle of a Countersign terminal. It holds no voucher codes, no PINs, no keys, no journal and no vouchers. It holds:")
	fmt.Fprintln(&contents)
	var held []string
	for _, file := range files {
		line := fmt.Sprintf("%-40s %s", file.name, file.what)
		held = append(held, line)
		fmt.Fprintln(&contents, line)
	}
	files = slices.Insert(files, 0, bundled{name: "CONTENTS.txt", text: []byte(contents.String())})
	archive := zip.NewWriter(out)
	for _, file := range files {
		entry, err := archive.CreateHeader(&zip.FileHeader{Name: file.name, Method: zip.Deflate, Modified: time.Now()})
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(withoutSecrets(file.text)); err != nil {
			return nil, err
		}
	}
	return held, archive.Close()
}

func asJSON(facts any) []byte {
	text, err := json.MarshalIndent(facts, "", "  ")
	if err != nil {
		return []byte(err.Error())
	}
	return append(text, '\n')
}

func bundledStatus(ctx context.Context, config Config) ([]byte, error) {
	reader, err := OpenReader(ctx, config)
	if err != nil {
		return nil, err
	}
	status, err := reader.Status(ctx)
	if err = errors.Join(err, reader.Close()); err != nil {
		return nil, err
	}
	return asJSON(status), nil
}

func bundledConfig(config Config, folder string) []byte {
	layers, err := ReadLayers(config.ConfigFile, folder)
	facts := map[string]any{"data": folder, "logs": LogFolder(folder), "file": layers.File, "settings": layers.Values()}
	if err != nil {
		facts["error"] = err.Error()
	}
	return asJSON(facts)
}

func bundledComputer(config Config, folder string) []byte {
	facts := map[string]any{"version": config.Version, "system": runtime.GOOS, "processor": runtime.GOARCH, "go": runtime.Version(),
		"at": time.Now().Format(time.RFC3339), "cpus": runtime.NumCPU()}
	if free, err := freeSpace(folder); err == nil {
		facts["free_bytes"] = free
	}
	return asJSON(facts)
}

// listing names the files of a folder, with sizes, rights and times.
func listing(folder string) []byte {
	var text bytes.Buffer
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			fmt.Fprintln(&text, err)
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			fmt.Fprintln(&text, err)
			return nil
		}
		fmt.Fprintf(&text, "%s %12d %s %s\n", info.Mode(), info.Size(), info.ModTime().UTC().Format(time.RFC3339), path)
		return nil
	})
	if err != nil {
		fmt.Fprintln(&text, err)
	}
	return text.Bytes()
}

// ending reads the end of a file.
func ending(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > maxBundled {
		if _, err := file.Seek(-maxBundled, io.SeekEnd); err != nil {
			return nil, err
		}
	}
	return io.ReadAll(io.LimitReader(file, maxBundled))
}
