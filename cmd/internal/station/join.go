package station

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	cloudsync "countersign/sync"
	"countersign/terminal/journal"
	"countersign/terminal/keystore"
)

// Join turns a join code into a terminal in the data folder, and fills its cache. name is for the terminal where the invitation does
// not name it. A terminal that has lost what it knows of its cloud gets that back from a new code of the same cloud. Everything may be cut off at any point and begun again with the same code. A first fill that did not come to its
// end is no error: the station's status says so.
func Join(ctx context.Context, config Config, code, name string) (*Station, error) {
	folder := FolderOf(config)
	if err := makeFolder(folder); err != nil {
		return nil, err
	}
	held, err := takeLock(folder, config.Program)
	if err != nil {
		return nil, Blame(folder, err)
	}
	s, err := joinLocked(ctx, config, held, code, name)
	if err != nil {
		return nil, Blame(folder, errors.Join(err, held.release()))
	}
	return s, nil
}

func joinLocked(ctx context.Context, config Config, held *lock, code, name string) (*Station, error) {
	folder := FolderOf(config)
	if _, err := os.Stat(filepath.Join(folder, JournalName)); err == nil {
		return repair(ctx, config, held, code)
	}
	settings, err := settingsOf(config)
	if err != nil {
		return nil, err
	}
	if code, err = codeFor(settings.Cloud, code); err != nil {
		return nil, err
	}
	// The code binds to the first key that uses it: the key is on disk before it leaves for the first time.
	keys, err := keystore.Load(filepath.Join(folder, KeysName))
	if errors.Is(err, keystore.ErrMissing) {
		keys, err = keystore.Create(filepath.Join(folder, KeysName))
	}
	if err != nil {
		return nil, err
	}
	enrolment, err := cloudsync.Enrol(ctx, code, cloudsync.Enrolling{
		Key: keys.Sign, Version: config.Version, Name: name, Computer: computerName(config), CAFile: settings.CAFile, Proxy: settings.Proxy, Transport: config.Transport,
	})
	if cloudsync.AlreadyEnrolled(err) { // the cloud knows these keys, and there is no journal
		return nil, lostJournal(ctx, folder, err)
	}
	if err != nil {
		return nil, err
	}
	if err := keepEnrolment(ctx, folder, keys, enrolment); err != nil {
		return nil, err
	}
	s, err := openLocked(ctx, config, held)
	if err != nil {
		return nil, err
	}
	if err := s.clock.Heard(ctx, enrolment.At); err != nil {
		s.Log.Error("the time could not be kept", "error", err.Error())
	}
	s.fill(ctx)
	return s, nil
}

// keepEnrolment stores what the cloud answered. The journal comes last: a folder that has one has joined.
func keepEnrolment(ctx context.Context, folder string, keys keystore.Keys, enrolment cloudsync.Enrolment) error {
	if _, err := keystore.SetLookup(filepath.Join(folder, KeysName), enrolment.LookupKey); err != nil {
		return err
	}
	if err := writeCloudFile(folder, cloudFile{URL: enrolment.URL, Trust: enrolment.Trust}); err != nil {
		return err
	}
	if err := writePlace(folder, enrolment.Settings); err != nil {
		return err
	}
	record, err := journal.Create(ctx, filepath.Join(folder, JournalName), journal.Identity{
		Merchant: enrolment.Merchant, Store: enrolment.Store, Terminal: enrolment.Terminal,
		Currency: enrolment.Settings.Merchant.Currency, PublicKey: keys.Public(), RootKey: enrolment.RootKey,
	}, keys.Sign)
	if err != nil {
		return err
	}
	return record.Close()
}

// fill pulls the feed to its end for the first time.
func (s *Station) fill(ctx context.Context) {
	if err := s.Pump.Once(ctx); err != nil {
		s.Log.Warn("the first fill did not come to its end", "error", err.Error())
	}
}
