package station

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"countersign/assets/translations"
	cloudsync "countersign/sync"
	"countersign/sync/api"
	"countersign/terminal"
	"countersign/terminal/cache"
	"countersign/terminal/journal"
	"countersign/terminal/keystore"
)

// Lost says that a part of a terminal is gone that nothing here can make again.
type Lost struct {
	Found string // what is gone, as a sentence
	Do    string // the way on
	cause error

	found, do    string // the same, as keys of sentences in every language
	folder, name string
}

// Error is one sentence.
func (l *Lost) Error() string { return l.Found }

// Unwrap is what was found when it was looked for.
func (l *Lost) Unwrap() error { return l.cause }

// startAnew is the way on for a terminal that cannot go on under its name.
func startAnew(folder, name string) string {
	return fmt.Sprintf("without it, keep %s for support, have the cloud's people run countersign-cloud suspend %s and countersign-cloud invite STORE, "+
		"and join a new data folder: countersignctl --data NEWFOLDER join CODE", folder, name)
}

// nameIn is the terminal's name as far as the folder still tells it.
func nameIn(ctx context.Context, folder string) string {
	if place, err := readPlace(folder); err == nil && place.Terminal != "" {
		return place.Terminal
	}
	if record, err := journal.OpenReader(ctx, filepath.Join(folder, JournalName)); err == nil {
		name := record.Identity().Terminal
		if record.Close() == nil && name != "" {
			return name
		}
	}
	return "NAME"
}

// gone reports that there is no journal: no file, or one without a byte, as a disk that was full or a hand that slipped leaves it.
func gone(path string) bool {
	file, err := os.Stat(path)
	return errors.Is(err, os.ErrNotExist) || (err == nil && file.Mode().IsRegular() && file.Size() == 0)
}

// missingJournal says what a folder without a journal is: one that never joined, or a terminal that has lost its record.
func missingJournal(ctx context.Context, folder string) error {
	keys, err := keystore.Load(filepath.Join(folder, KeysName))
	if err != nil || keys.Lookup == nil {
		return terminal.ErrNotJoined
	}
	return lostJournal(ctx, folder, nil)
}

func lostJournal(ctx context.Context, folder string, cause error) *Lost {
	name := nameIn(ctx, folder)
	return &Lost{cause: cause, found: "doctor.fault.journal_gone", do: "doctor.fault.journal_gone_do", folder: folder, name: name,
		Found: fmt.Sprintf("the journal of terminal %s is gone from %s: its keys are there, and the record of what it honoured is not", name, folder),
		Do:    "put " + JournalName + " back, or restore its newest backup with countersignctl restore FILE; if joining was cut off, join again with the same code; " + startAnew(folder, name)}
}

// loadKeys loads the keys of a folder that has a journal.
func loadKeys(ctx context.Context, folder string) (keystore.Keys, error) {
	keys, err := keystore.Load(filepath.Join(folder, KeysName))
	switch {
	case err == nil && keys.Lookup == nil, errors.Is(err, keystore.ErrMissing), errors.Is(err, keystore.ErrDamaged):
		name, what, key := nameIn(ctx, folder), "cannot be read", "doctor.fault.keys_unread"
		if errors.Is(err, keystore.ErrMissing) {
			what, key = "is gone", "doctor.fault.keys_gone"
		}
		return keys, &Lost{cause: err, found: key, do: "doctor.fault.keys_do", folder: folder, name: name,
			Found: fmt.Sprintf("the key file of terminal %s %s: its journal is in %s, and nothing can be signed", name, what, folder),
			Do:    "put the file " + KeysName + " of this machine's backup back; " + startAnew(folder, name)}
	}
	return keys, err
}

// lostCloud says that what is known of the cloud cannot be read. A new join code of the same cloud mends it.
func lostCloud(folder string, cause error) *Lost {
	return &Lost{cause: cause, found: "doctor.fault.cloud_unread", do: "doctor.fault.cloud_unread_do", folder: folder,
		Found: fmt.Sprintf("what this terminal knows of its cloud cannot be read (%s)", filepath.Join(folder, cloudName)),
		Do:    "run countersignctl join with a new join code of the same cloud (countersign-cloud invite STORE): journal and keys stay as they are"}
}

// repair gives a terminal back what it knows of its cloud, from a new join code of that cloud, or its place there: see joinAgain. Where
// nothing is broken it is ErrJoined.
func repair(ctx context.Context, config Config, held *lock, code string) (*Station, error) {
	folder := FolderOf(config)
	keys, err := loadKeys(ctx, folder)
	if err != nil {
		return nil, err
	}
	if err := liftFiles(ctx, folder, keys); err != nil {
		return nil, err
	}
	record, err := journal.OpenReader(ctx, filepath.Join(folder, JournalName))
	if err != nil {
		return nil, err
	}
	identity := record.Identity()
	trouble, err := (&Reader{Journal: record}).trouble(ctx)
	if err := errors.Join(err, record.Close()); err != nil {
		return nil, err
	}
	if file, err := readCloudFile(folder); err == nil {
		if _, err = cloudsync.NewTrust(identity.RootKey, file.Trust, nil); err == nil && file.URL != "" {
			forgotten := trouble != nil && trouble.Kind == cloudsync.TroubleUnknown
			return joinAgain(ctx, config, held, identity, keys, code, forgotten)
		}
	}
	settings, err := settingsOf(config)
	if err != nil {
		return nil, err
	}
	if code, err = codeFor(settings.Cloud, code); err != nil {
		return nil, err
	}
	url, trust, err := cloudsync.FindCloud(ctx, code, identity.RootKey, cloudsync.Enrolling{
		Key: keys.Sign, Version: config.Version, CAFile: settings.CAFile, Proxy: settings.Proxy, Transport: config.Transport,
	})
	if err != nil {
		return nil, err
	}
	if err := writeCloudFile(folder, cloudFile{URL: url, Trust: trust}); err != nil {
		return nil, err
	}
	s, err := openLocked(ctx, config, held)
	if err != nil {
		return nil, err
	}
	// What came with the refusal is the part of the trust list that all merchants share; the keys of this one's tokens are in its own.
	if err := s.upstream.Probe(ctx); err != nil {
		s.Log.Warn("the merchant's trust list could not be fetched; the next sync does", "error", err.Error())
	}
	s.fill(ctx)
	return s, nil
}

// joinAgain enrols the key and the journal that a terminal has once more, where the cloud does not know them: it was restored from a backup
// from before this terminal joined. The journal stays as it is, and all of it is sent. Where the cloud knows the terminal, or cannot be asked,
// it is ErrJoined, unless the cloud said that it has forgotten the terminal.
func joinAgain(ctx context.Context, config Config, held *lock, identity journal.Identity, keys keystore.Keys, code string, forgotten bool) (*Station, error) {
	settings, err := settingsOf(config)
	if err != nil {
		return nil, err
	}
	if code, err = codeFor(settings.Cloud, code); err != nil {
		return nil, err
	}
	if parsed, err := api.ParseJoinCode(code); err == nil && !parsed.Pins(identity.RootKey) {
		return nil, ErrJoined // another cloud's
	}
	own := api.JournalOwner{Merchant: identity.Merchant, Store: identity.Store, Terminal: identity.Terminal}
	enrolment, err := cloudsync.Enrol(ctx, code, cloudsync.Enrolling{
		Key: keys.Sign, Version: config.Version, Computer: computerName(config), Journal: &own, CAFile: settings.CAFile, Proxy: settings.Proxy, Transport: config.Transport,
	})
	var refused *cloudsync.Refusal
	switch got := (api.JournalOwner{Merchant: enrolment.Merchant, Store: enrolment.Store, Terminal: enrolment.Terminal}); {
	case cloudsync.AlreadyEnrolled(err) && forgotten: // the answer was lost the last time: all that it brings is here
	case cloudsync.AlreadyEnrolled(err), err != nil && !forgotten && !errors.As(err, &refused):
		return nil, ErrJoined
	case err != nil:
		return nil, err
	case got != own: // a cloud of an older version does not look at the journal
		return nil, fmt.Errorf("the cloud takes this machine for %s of store %s, and its journal is that of %s of store %s: have that terminal suspended, "+
			"and ask for a join code of countersign-cloud invite %[4]s --terminal %[3]s", got.Terminal, got.Store, own.Terminal, own.Store)
	default:
		if err := keepEnrolment(ctx, FolderOf(config), keys, enrolment); err != nil {
			return nil, err
		}
	}
	s, err := openLocked(ctx, config, held)
	if err != nil {
		return nil, err
	}
	s.fill(ctx)
	return s, nil
}

var errNoCache = errors.New("the cache is not there: it is filled again by the next sync")

// openCacheToRead opens the cache for a command that takes no lock. A cache may vanish at any time: where it is not there, or not to be
// read, an empty one stands in, and amiss says why.
func openCacheToRead(ctx context.Context, folder string, key []byte) (vouchers *cache.Cache, amiss, err error) {
	vouchers, err = cache.OpenReader(ctx, filepath.Join(folder, CacheName), key)
	switch {
	case err == nil:
		return vouchers, nil, nil
	case errors.Is(err, terminal.ErrUnknown):
		amiss = errNoCache
	default:
		amiss = err
	}
	vouchers, err = cache.Blank(ctx, key)
	return vouchers, amiss, err
}

// ErrUnfilled says that the terminal cannot know whom and what it honours yet.
var ErrUnfilled = errors.New("the cache is empty and the cloud does not answer: this terminal knows neither vouchers nor people yet")

// Filled reports whether the cache holds anything of the cloud's.
func (r *Reader) Filled(ctx context.Context) bool {
	fresh, err := r.Cache.Freshness(ctx)
	if err != nil || fresh.Cursor != "" {
		return true
	}
	_, err = r.Cache.Settings(ctx) // while the vouchers still come, the cloud can be asked about each
	return err == nil
}

// Fill pulls the feed, for at most limit, where the cache was lost, or says that this terminal is suspended: else a terminal that has a
// line, or was readmitted a moment ago, would turn everybody away until somebody syncs by hand.
func (s *Station) Fill(ctx context.Context, limit time.Duration) {
	filled, settings := s.Filled(ctx), terminal.Settings{}
	if filled {
		settings, _ = s.Cache.Settings(ctx) // what is wrong with them the next to ask will hear
		limit = min(limit, cloudsync.Budget)
	}
	if filled && !settings.Suspended {
		return
	}
	down := s.breaker.Line().Failures > 0
	budget, ok := s.breaker.Allow()
	if !ok {
		return
	}
	if down {
		limit = min(limit, budget)
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := s.Pump.Pull(limited); err != nil {
		s.Log.Warn("the cache could not be filled to the end", "error", err.Error())
	}
}

// Unwritable says that the data folder cannot be written, which is why nothing else worked.
type Unwritable struct {
	Folder string
	cause  error
}

// Error is one sentence.
func (u *Unwritable) Error() string {
	switch {
	case errors.Is(u.cause, syscall.ENOSPC), errors.Is(u.cause, syscall.EDQUOT):
		return fmt.Sprintf("the disk of %s is full", u.Folder)
	case errors.Is(u.cause, syscall.EROFS):
		return fmt.Sprintf("the disk of %s is read-only", u.Folder)
	case errors.Is(u.cause, os.ErrPermission):
		return fmt.Sprintf("this account may not write in %s", u.Folder)
	}
	return fmt.Sprintf("nothing can be written in %s: %v", u.Folder, u.cause)
}

// Do is what to do about it.
func (u *Unwritable) Do() string {
	switch {
	case errors.Is(u.cause, syscall.ENOSPC), errors.Is(u.cause, syscall.EDQUOT):
		return "free some space, then try again: nothing was recorded"
	case errors.Is(u.cause, os.ErrPermission):
		return "run the program as the account that joined, or give this one the right to write there"
	}
	return "check the disk: a system makes one read-only when it fails; nothing was recorded"
}

// Unwrap is the system's answer.
func (u *Unwritable) Unwrap() error { return u.cause }

// Blame finds the cause of an error in the disk, where it is to blame: SQLite says of a full or read-only one only that a file cannot be
// opened. Other errors come back as they are.
func Blame(folder string, err error) error {
	var held *InUse
	var lost *Lost
	if err == nil || errors.As(err, &held) || errors.As(err, &lost) || errors.Is(err, terminal.ErrNotJoined) || errors.Is(err, ErrJoined) {
		return err
	}
	if cause := tryWriting(folder); cause != nil && !errors.Is(cause, os.ErrNotExist) {
		return &Unwritable{folder, cause}
	}
	return err
}

// tryWriting writes as much as a redemption takes, and takes it away again.
func tryWriting(folder string) error {
	const redemption = 128 << 10
	file, err := os.CreateTemp(folder, ".room-*")
	if err != nil {
		return err
	}
	_, err = file.Write(make([]byte, redemption))
	return errors.Join(err, file.Close(), os.Remove(file.Name()))
}

// troubleKey is where the journal's state keeps what stands between it and the cloud.
const troubleKey = "trouble"

// trouble is what the newest push found; nil for nothing.
func (r *Reader) trouble(ctx context.Context) (*cloudsync.Trouble, error) {
	text, err := r.Journal.State(ctx, troubleKey)
	if errors.Is(err, terminal.ErrUnknown) || (err == nil && len(text) == 0) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var known cloudsync.Trouble
	return &known, json.Unmarshal(text, &known)
}

// watchTrouble keeps what the pump learns of the journal, in the journal.
func (s *Station) watchTrouble(ctx context.Context) error {
	known, err := s.trouble(ctx)
	if err != nil {
		return err
	}
	s.Pump.KeepTrouble(known, func(ctx context.Context, trouble *cloudsync.Trouble) error {
		text := []byte{}
		if trouble != nil {
			var err error
			if text, err = json.Marshal(trouble); err != nil {
				return err
			}
		}
		if err := s.Journal.SetState(ctx, troubleKey, text); err != nil || trouble == nil {
			return err
		}
		if trouble.Kind == cloudsync.TroubleChain || trouble.Kind == cloudsync.TroubleEntry {
			return s.checkPending(ctx)
		}
		return nil
	})
	return nil
}

// TroubleStatus is what keeps this terminal's journal from the cloud, and what to do about it.
type TroubleStatus struct {
	cloudsync.Trouble
	Do string `json:"do"`
}

// TroubleOf adds to a trouble what to do about it.
func TroubleOf(trouble *cloudsync.Trouble, folder, name string) *TroubleStatus {
	if trouble == nil {
		return nil
	}
	_, do := sayTrouble(translations.For("en", time.UTC), trouble, folder, name)
	return &TroubleStatus{Trouble: *trouble, Do: do}
}

// sayTrouble says what keeps a journal from the cloud, and what to do about it.
func sayTrouble(words terminal.Words, trouble *cloudsync.Trouble, folder, name string) (found, do string) {
	args := map[string]any{"folder": folder, "name": name}
	if trouble.Entry > 0 {
		args["entry"] = trouble.Entry
	}
	found = "doctor.sync." + string(trouble.Kind)
	switch trouble.Kind {
	case cloudsync.TroubleBehind, cloudsync.TroubleFork:
		do = "doctor.sync.older_do"
	case cloudsync.TroubleRefused:
		do = "doctor.sync.refused_do"
	case cloudsync.TroubleUnknown:
		do = "doctor.sync.not_enrolled_do"
	default:
		do = "doctor.sync.verify_do"
	}
	return words.Say(found, args), words.Say(do, args)
}

// Exceptions are what a manager must look at, the newest first: what the cloud reports and, before that, what keeps this terminal's
// journal from it. All times are in the store's zone, whichever a counter's clock was in: a manager compares them.
// What this terminal finds itself is said in the language, "" for the shop's.
func (r *Reader) Exceptions(ctx context.Context, openOnly bool, language string) ([]terminal.Exception, error) {
	known, err := r.Journal.Exceptions(ctx, openOnly)
	if err != nil {
		return nil, err
	}
	zone := r.zone(ctx)
	for i := range known {
		inZone(&known[i], zone)
	}
	trouble, err := r.trouble(ctx)
	if err != nil || trouble == nil {
		return known, err
	}
	name := r.Journal.Identity().Terminal
	found, do := sayTrouble(r.Words(ctx, language), trouble, r.folder, name)
	own := terminal.Exception{ID: "here", Kind: string(trouble.Kind), State: "open", OpenedAt: trouble.Since,
		Note: found + "; " + do, Uses: []terminal.ExceptionUse{}}
	return append([]terminal.Exception{own}, known...), nil
}

func inZone(x *terminal.Exception, zone *time.Location) {
	x.OpenedAt = x.OpenedAt.In(zone)
	if x.ClosedAt != nil {
		at := x.ClosedAt.In(zone)
		x.ClosedAt = &at
	}
	for i, use := range x.Uses {
		x.Uses[i].At = use.At.In(zone)
	}
	for i, event := range x.History {
		x.History[i].At = event.At.In(zone)
	}
	for i, machine := range x.Machines {
		x.Machines[i].Since, x.Machines[i].Seen = machine.Since.In(zone), machine.Seen.In(zone)
	}
}
