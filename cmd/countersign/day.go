package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"countersign/cmd/internal/dayreport"
	"countersign/cmd/internal/station"
	"countersign/terminal"
	"countersign/terminal/printer"
	"countersign/ui/day"
)

// askMost is how long the cloud may take for a day of the whole store, pauseMost for the pause of an offer: somebody waits for that.
const (
	askMost   = 2 * time.Minute
	pauseMost = 15 * time.Second
)

// makeRoom gives managers their room over the counter's screen.
func (m *Main) makeRoom() {
	m.day = day.NewRoom(m.screen.Sink(), day.Parts{
		Source: daySource{m.station, documents()}, Words: m.Words(), Now: time.Now, Later: fyne.Do, Go: func(f func()) { go f() }, Log: m.station.Log,
		Paperless: func() bool { return m.station.PrinterStatus().State == printer.StateNone },
	})
	m.screen.SetRoom(m.day)
}

// documents is the folder for what people save.
func documents() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return os.TempDir()
	}
	if folder := filepath.Join(home, "Documents"); isFolder(folder) {
		return folder
	}
	return home
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// daySource is where the day's room has its figures from: journal, cache and cloud of a station.
type daySource struct {
	*station.Station
	folder string // of what is saved
}

var _ day.Source = daySource{}

// Place implements day.Source.
func (s daySource) Place(ctx context.Context) (today terminal.Date, place terminal.Settings, names day.Names, err error) {
	if place, err = s.Terminal.Settings(ctx); err != nil {
		return today, place, names, err
	}
	zone, err := place.Store.Location()
	if err != nil {
		return today, place, names, err
	}
	today = terminal.BusinessDay(s.Clock.Read().Believed(), zone, place.Store.BusinessDayStarts)
	names = day.Names{Campaigns: map[string]terminal.Text{}, Operators: map[string]string{}}
	campaigns, err := s.Cache.Campaigns(ctx)
	if err != nil {
		return today, place, names, err
	}
	for _, campaign := range campaigns {
		names.Campaigns[campaign.ID] = campaign.Name
	}
	operators, err := s.Terminal.Operators(ctx)
	for _, operator := range operators {
		names.Operators[operator.ID] = operator.Name
	}
	return today, place, names, err
}

// Own implements day.Source.
func (s daySource) Own(ctx context.Context, date terminal.Date) (day.Account, error) {
	records, err := s.Journal.Day(ctx, date)
	if err != nil {
		return day.Account{}, err
	}
	return s.account(ctx, records, date, true)
}

func (s daySource) account(ctx context.Context, records []terminal.Record, date terminal.Date, own bool) (day.Account, error) {
	settings, err := s.Terminal.Settings(ctx)
	if err != nil {
		return day.Account{}, err
	}
	// What was redeemed here on another day is known here too; what another counter redeemed then is not.
	if err := s.Journal.Trace(ctx, records); err != nil {
		return day.Account{}, err
	}
	figures, err := terminal.FiguresOf(records, terminal.DayFilter{}, settings.Store.BusinessDayStarts)
	figures.Day, figures.Store = date, settings.Store.ID
	if own {
		figures.Terminal = settings.Terminal
	}
	return day.Account{Records: records, Figures: figures}, err
}

// Store implements day.Source.
func (s daySource) Store(ctx context.Context, date terminal.Date) (day.Account, error) {
	ctx, stop := context.WithTimeout(ctx, askMost)
	defer stop()
	found, err := s.StoreDay(ctx, date)
	if err != nil {
		return day.Account{}, err
	}
	account, err := s.account(ctx, found.Records, date, false)
	account.New, account.Returning = found.New, found.Returning
	for _, c := range found.Counters {
		counter := day.Counter{Name: c.Terminal, Pending: c.Pending, Closed: c.Closed}
		if c.LastSeen != nil {
			counter.LastSeen = *c.LastSeen
		}
		account.Counters = append(account.Counters, counter)
	}
	return account, err
}

// Tasks implements day.Source.
func (s daySource) Tasks(ctx context.Context) (day.Tasks, error) {
	exceptions, err := s.Exceptions(ctx, true, "")
	if err != nil {
		return day.Tasks{}, err
	}
	status, err := s.Status(ctx)
	if err != nil {
		return day.Tasks{}, err
	}
	tasks := day.Tasks{Exceptions: exceptions, Slips: status.Printer.Doubtful + status.Printer.Asking}
	if status.Clock.Sentence != "" {
		tasks.ClockOff = time.Duration(status.Clock.Off) * time.Second
	}
	return tasks, nil
}

// Offers implements day.Source.
func (s daySource) Offers(ctx context.Context) ([]terminal.Campaign, error) {
	settings, err := s.Terminal.Settings(ctx)
	if err != nil {
		return nil, err
	}
	campaigns, err := s.Cache.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	here := []terminal.Campaign{}
	for _, campaign := range campaigns {
		if stores := campaign.Rules.Stores; len(stores) == 0 || slices.Contains(stores, settings.Store.ID) {
			here = append(here, campaign)
		}
	}
	return here, nil
}

// Pause implements day.Source.
func (s daySource) Pause(ctx context.Context, campaign string, paused bool, manager *terminal.Operator) error {
	ctx, stop := context.WithTimeout(ctx, pauseMost)
	defer stop()
	var who terminal.Operator
	if manager != nil {
		who = *manager
	}
	return s.PauseOffer(ctx, campaign, paused, who)
}

// CloseDay implements day.Source.
func (s daySource) CloseDay(ctx context.Context, date terminal.Date, manager *terminal.Operator) (terminal.Record, error) {
	return s.Terminal.CloseDay(ctx, date, manager)
}

// Save implements day.Source.
func (s daySource) Save(ctx context.Context, format string, account *day.Account, words terminal.Words) (path string, err error) {
	_, place, names, err := s.Place(ctx)
	if err != nil {
		return "", err
	}
	report := dayreport.Report{Figures: account.Figures, Records: account.Records, Settings: place, Campaigns: names.Campaigns, Operators: names.Operators,
		Words: words, Made: time.Now()}
	name := place.Store.Name
	if account.Figures.Terminal != "" {
		name += " " + account.Figures.Terminal
	}
	file, err := createNew(s.folder, plainName(name+" "+account.Figures.Day.String()), format)
	if err != nil {
		return "", err
	}
	return file.Name(), errors.Join(dayreport.Write(format, file, report), file.Close())
}

// plainName leaves out what file systems do not take.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`<>:"/\|?*`, r) {
			return '-'
		}
		return r
	}, name)
}

// createNew makes a file, with a number behind its name where there is one of that name already: nothing that was saved is lost.
func createNew(folder, name, format string) (*os.File, error) {
	for i := 1; ; i++ {
		path := filepath.Join(folder, name+"."+format)
		if i > 1 {
			path = filepath.Join(folder, fmt.Sprintf("%s (%d).%s", name, i, format))
		}
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, os.ErrExist) {
			return file, err
		}
	}
}

// Print implements day.Source.
func (s daySource) Print(ctx context.Context, account *day.Account, _ terminal.Words) error {
	_, _, names, err := s.Place(ctx)
	if err != nil {
		return err
	}
	_, err = s.PrintFigures(ctx, account.Figures, names.Campaigns)
	return err
}
