package station

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	cloudsync "countersign/sync"
	"countersign/sync/api"
)

// BesideName is the file with a join code that may lie beside the program or the installer.
const BesideName = "countersign-join.txt"

// maxJoinFile is more than a list for the largest merchant takes, in bytes.
const maxJoinFile = 4 << 20

// errNotListed says that a list of join codes has none for this computer.
var errNotListed = errors.New("the list has no join code for this computer")

// errOtherCloud says that a join code leads elsewhere than the configuration allows.
var errOtherCloud = errors.New("this join code is of another cloud than the configuration allows")

// ReadJoinFile reads the join codes that are meant for a computer from a file: a single code, a list of codes that all computers share,
// or a list with the computers' names, "COMPUTER,CODE" a line; with or without their domain, where either leaves it out. Blank lines and those that begin with # say nothing. A code that stands
// beside the computer's name is the only one that is tried; of a shared list each computer begins elsewhere, so that four hundred of
// them do not all ask for the same.
func ReadJoinFile(path, computer string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxJoinFile {
		return nil, fmt.Errorf("%s is too large for a list of join codes", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var shared, own, near, nearNames []string // near are of a name that begins as this computer's does, which says no domain itself
	named := false
	for line := range strings.Lines(plainText(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ';' || r == '\t' || r == ' ' })
		for i := range fields {
			fields[i] = strings.Trim(fields[i], `"`)
		}
		switch {
		case len(fields) == 1:
			shared = append(shared, fields[0])
		case strings.EqualFold(fields[0], computer) || strings.EqualFold(fields[0], shortName(computer)):
			own = append(own, fields[1])
		case strings.EqualFold(shortName(fields[0]), computer):
			named, near = true, append(near, fields[1])
			if name := strings.ToLower(fields[0]); !slices.Contains(nearNames, name) {
				nearNames = append(nearNames, name)
			}
		default:
			named = true
		}
	}
	switch {
	case len(own) > 0:
		return own, nil
	case len(nearNames) == 1:
		return near, nil
	case len(nearNames) > 1: // whichever is taken, it may be the other's
		return nil, fmt.Errorf("%w (%s): %s says it of %s", errNotListed, computer, path, strings.Join(nearNames, ", "))
	case len(shared) > 0:
		hash := fnv.New32a()
		_, _ = hash.Write([]byte(strings.ToLower(computer)))
		first := int(hash.Sum32() % uint32(len(shared)))
		return append(append([]string{}, shared[first:]...), shared[:first]...), nil
	case named:
		return nil, fmt.Errorf("%w (%s): %s", errNotListed, computer, path)
	}
	return nil, fmt.Errorf("there is no join code in %s", path)
}

// shortName is a computer's name without its domain.
func shortName(computer string) string {
	name, _, _ := strings.Cut(computer, ".")
	return name
}

// JoinByList joins with the first of several codes that no other computer has used.
func JoinByList(ctx context.Context, config Config, codes []string, name string) (*Station, error) {
	var used error
	for _, code := range codes {
		s, err := Join(ctx, config, code, name)
		if !isUsed(err) {
			return s, err
		}
		used = err
	}
	return nil, used
}

func isUsed(err error) bool {
	var refused *cloudsync.Refusal
	return errors.As(err, &refused) && refused.Code == "join_code_used"
}

// FoundJoinFile is the file with a join code that was left for the first start: in the data folder, where the package looks, or beside the
// program. "" where there is none.
func FoundJoinFile(folder string) string {
	places := []string{filepath.Join(folder, "join"), systemJoin()}
	if beside := programFolder(); beside != "" {
		places = append(places, filepath.Join(beside, BesideName))
	}
	for _, path := range places {
		if info, err := os.Stat(path); path != "" && err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// OpenOrJoin opens a data folder, and where it has not joined a store yet and a join code was left for it, joins first.
func OpenOrJoin(ctx context.Context, config Config) (*Station, error) {
	folder := FolderOf(config)
	if _, err := os.Stat(filepath.Join(folder, JournalName)); !errors.Is(err, os.ErrNotExist) {
		return Open(ctx, config)
	}
	path := FoundJoinFile(folder)
	if path == "" {
		return Open(ctx, config)
	}
	return JoinByFile(ctx, config, path, "")
}

// JoinByFile joins with the codes of a file. A file that holds this computer's code alone is taken away afterwards, where that may be:
// the code is spent.
func JoinByFile(ctx context.Context, config Config, path, name string) (*Station, error) {
	computer, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("this computer's name is not known: %w", err)
	}
	codes, err := ReadJoinFile(path, computer)
	if err != nil {
		return nil, err
	}
	s, err := JoinByList(ctx, config, codes, name)
	if err == nil && len(codes) == 1 && path == FoundJoinFile(FolderOf(config)) {
		if err := os.Remove(path); err != nil {
			s.Log.Info("the join code is spent, and its file stays", "error", err.Error())
		}
	}
	return s, err
}

// codeFor completes a join code that came without its address, and refuses one of another cloud than the one that is allowed; "" allows
// any.
func codeFor(cloud, code string) (string, error) {
	code = strings.TrimSpace(code)
	if cloud == "" {
		return code, nil
	}
	address := cloud
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	allowed, err := url.Parse(address)
	if err != nil || allowed.Host == "" {
		return "", fmt.Errorf("cloud is %q, which is no address such as https://cloud.example/", cloud)
	}
	place := allowed.Host + strings.TrimSuffix(allowed.EscapedPath(), "/") + "/"
	if !strings.Contains(code, "://") {
		return api.JoinScheme + "://" + place + "#" + strings.TrimPrefix(code, "#"), nil
	}
	parsed, err := api.ParseJoinCode(code)
	if err != nil {
		return "", err
	}
	if _, named, _ := strings.Cut(parsed.Base, "://"); !strings.EqualFold(named, place) {
		return "", fmt.Errorf("%w: it leads to %s, and only %s is allowed", errOtherCloud, strings.TrimSuffix(named, "/"), strings.TrimSuffix(place, "/"))
	}
	return code, nil
}
