package station

import (
	"context"
	"os"
	"slices"

	cloudsync "countersign/sync"
)

// offlineChecks are the checks that say whether a terminal is ready for offline: whether it could redeem, and hand over what it redeemed,
// if the line were cut now. What else doctor finds is worth mending and keeps nobody from selling.
var offlineChecks = []string{"terminal", "trust", "cache", "sync", "clock", "disk", "rights", "keys", "journal", "station", "printer", "readmit"}

// RestsOffline reports that a terminal whose check fails is not ready for offline.
func RestsOffline(check Check) bool {
	return !check.over && slices.Contains(offlineChecks, check.Name)
}

// missingOffline names those of the checks that fail and that readiness for offline rests on.
func missingOffline(checks []Check) []string {
	names := []string{}
	for _, check := range checks {
		if !check.OK && RestsOffline(check) && !slices.Contains(names, check.Name) {
			names = append(names, check.Name)
		}
	}
	return names
}

// NotReady names the checks that keep this terminal from being ready for offline; none where it is. It looks at what is known here, and
// asks neither the cloud nor a device: that the line is up while this is told shows in the telling.
func (r *Reader) NotReady(ctx context.Context) ([]string, error) {
	status, err := r.standing(ctx)
	if err != nil {
		return nil, err
	}
	d := doctorFor("en") // only the names of the checks are used
	checks := []Check{d.examineSuspended(status), d.examineTrust(r), d.examineCache(status), examineClock(d, status), d.examineDisk(r.folder), d.examineQueue(status)}
	if status.Trouble != nil {
		checks = append(checks, d.examineTrouble(status, r.folder))
	}
	if status.Barred != nil {
		checks = append(checks, d.examineBarred(status))
	}
	return missingOffline(checks), nil
}

// tellDamaged tells the cloud of a journal that this terminal cannot work with: it pushes nothing any more, and the fleet's list would go on
// saying what it said last. Who opened the journal waits for it no longer than a scan does, and hears of the journal, not of this.
func tellDamaged(ctx context.Context, config Config) error {
	ctx, cancel := context.WithTimeout(ctx, cloudsync.Budget)
	defer cancel()
	r, err := OpenReader(ctx, config)
	if err != nil {
		return err
	}
	defer r.Close()
	keys, err := loadKeys(ctx, r.folder)
	if err != nil {
		return err
	}
	client, err := r.client(config, keys, nil)
	if err != nil {
		return err
	}
	return client.TellReadiness(ctx, cloudsync.Readiness{Version: config.Version, Computer: computerName(config), Missing: []string{"journal"}})
}

// computerName is what the system calls this computer; "" where it does not say. IT finds one PC of many by it.
func computerName(config Config) string {
	if config.Computer != "" {
		return config.Computer
	}
	name, err := os.Hostname()
	if err != nil || len(name) > mostComputerName {
		return ""
	}
	return name
}

// mostComputerName is as long as a name may be in a network (RFC 1035, 2.3.4).
const mostComputerName = 255

// notReady is NotReady with what the running printer says of itself.
func (s *Station) notReady(ctx context.Context) (cloudsync.Readiness, error) {
	missing, err := s.NotReady(ctx)
	if s.Printer != nil && s.Settings.Printer != "" && s.Printer.Status().Needs() && !slices.Contains(missing, "printer") {
		missing = append(missing, "printer")
	}
	return cloudsync.Readiness{Version: s.version, Computer: s.computer, Missing: missing}, err
}
