package day

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"countersign/terminal"
)

// Step is the room's whole behaviour: what it shows after event, and what has to be done for it. It is pure.
func Step(s State, now time.Time, event Event) (State, []Command) {
	s.Now = now
	switch e := event.(type) {
	case Entered:
		return s.entered(e.Manager)
	case Left:
		s.Open = false
	case Ticked:
		return s.ticked()
	case Back:
		if s.Sure != "" { // the question is left, and not the page
			s.Sure = ""
			break
		}
		s = s.leaf(FiguresPage)
	case Turned:
		return s.turned(e.By)
	case Scoped:
		if s.Page == FiguresPage {
			s.OnlyHere, s.Pick = !s.OnlyHere, 0
		}
	case Regrouped:
		if s.Page == FiguresPage {
			s = s.regrouped()
		}
	case Moved:
		s = s.moved(e.By)
	case Jumped:
		s = s.jumped(e.By)
	case Chose:
		return s.chose(e.Index)
	case Confirmed:
		return s.confirmed()
	case Opened:
		return s.opened(e.Page)
	case PrintAsked:
		if account, _ := s.account(); account != nil && !s.Busy {
			s.Busy = true
			return s, []Command{Print{account}}
		}
	default:
		return s.answered(event)
	}
	return s, nil
}

// answered takes the answer to a command.
func (s State) answered(event Event) (State, []Command) {
	switch e := event.(type) {
	case Arrived:
		return s.arrived(e)
	case OwnLoaded:
		if e.Turn == s.Turn {
			s.Broken = e.Err
			if e.Err == nil {
				s.Own = &e.Account
				s.Uncounted = s.uncounted()
			}
		}
	case StoreLoaded:
		if e.Turn == s.Turn {
			s.Away, s.Asking = e.Err, false
			if e.Err == nil {
				s.Store, s.Heard = &e.Account, s.Now
				s.Uncounted = s.uncounted()
			}
		}
	case Found:
		if e.Turn == s.Turn && s.Page == RowsPage {
			s.Found = e.Records
		}
	case TasksLoaded:
		if e.Err == nil {
			s.Tasks = &e.Tasks
		}
	case OffersLoaded:
		if e.Err == nil {
			s.Offers = sortOffers(e.Offers, s)
		}
	case PauseAnswered:
		return s.paused(e)
	case DayAnswered:
		return s.closed(e)
	case Saved:
		s.Busy = false
		if e.Err != nil {
			return s.tell(true, "day.file.failed", nil), nil
		}
		s.Page = FiguresPage
		return s.tell(false, "day.file.saved", map[string]any{"path": e.Path}), nil
	case Printed:
		s.Busy = false
		if e.Err != nil {
			return s.tell(true, "day.print.failed", nil), nil
		}
		if e.Kept {
			return s.tell(false, "day.print.kept", nil), nil
		}
		return s.tell(false, "day.print.done", nil), nil
	}
	return s, nil
}

// tell shows a short word that goes by itself.
func (s State) tell(bad bool, key string, args map[string]any) State {
	s.Notice, s.Bad, s.Told = terminal.Saying{Key: key, Args: args}, bad, s.Now
	return s
}

func (s State) entered(manager *terminal.Operator) (State, []Command) {
	s = State{Now: s.Now, Open: true, Page: FiguresPage, By: ByCampaign, Manager: manager, Turn: s.Turn + 1, Place: s.Place, Names: s.Names}
	return s, []Command{Enter{}, LoadTasks{}}
}

func (s State) arrived(e Arrived) (State, []Command) {
	if s.Broken = e.Err; e.Err != nil {
		return s, nil
	}
	s.Place, s.Names, s.Today = e.Place, e.Names, e.Today
	if s.Day == (terminal.Date{}) {
		s.Day = e.Today
	}
	return s.ask()
}

// ask asks for the day: of this counter, which answers at once, and of the whole store.
func (s State) ask() (State, []Command) {
	s.Turn++
	s.Asked, s.Asking = s.Now, true
	return s, []Command{LoadOwn{s.Turn, s.Day}, LoadStore{s.Turn, s.Day}}
}

func (s State) ticked() (State, []Command) {
	if s.Notice.Key != "" && s.Now.Sub(s.Told) >= noticeSeconds*time.Second {
		s.Notice = terminal.Saying{}
	}
	if s.Sure != "" && !s.Now.Before(s.Until) {
		s.Sure = ""
	}
	if s.Open && !s.Asking && s.Page == FiguresPage && s.Day != (terminal.Date{}) && s.old() {
		return s.ask()
	}
	return s, nil
}

// old reports that the figures have to be asked for again: today's from time to time, and soon where the cloud answers and has not counted
// yet what this counter has: it is on its way.
func (s State) old() bool {
	age := s.Now.Sub(s.Asked)
	if s.Away == nil && s.Uncounted > 0 && age >= soonSeconds*time.Second {
		return true
	}
	return s.Day == s.Today && age >= freshSeconds*time.Second
}

func (s State) turned(by int) (State, []Command) {
	if s.Page != FiguresPage || s.Day == (terminal.Date{}) {
		return s, nil
	}
	day := s.Day.AddDays(by)
	if by == 0 || day.String() > s.Today.String() {
		day = s.Today
	}
	if day == s.Day {
		return s, nil
	}
	s.Day, s.Own, s.Store, s.Uncounted, s.Away, s.Pick = day, nil, nil, 0, nil, 0
	return s.ask()
}

func (s State) regrouped() State {
	s.By = groupings[(slices.Index(groupings, s.By)+1)%len(groupings)]
	all := s.numbers()
	if s.Pick = slices.IndexFunc(all, func(n number) bool { return n.group == inList }); s.Pick < 0 {
		s.Pick = 0
	}
	return s
}

// choices is how many rows of the page can be chosen among.
func (s State) choices() int {
	switch s.Page {
	case FiguresPage:
		return len(s.numbers())
	case RowsPage:
		return len(s.Found)
	case TasksPage:
		if s.Tasks != nil {
			return s.Tasks.count()
		}
	case OffersPage:
		return len(s.Offers)
	case FilePage:
		return len(Formats)
	}
	return 0
}

func (s State) moved(by int) State {
	n := s.choices()
	if n == 0 {
		return s
	}
	if s.Page == FiguresPage {
		s.Pick = ((s.Pick+by)%n + n) % n
		return s
	}
	s.Row, s.Sure = max(0, min(n-1, s.Row+by)), ""
	return s
}

// screenful is how many rows a jump passes.
const screenful = 7

func (s State) jumped(by int) State {
	if s.Page != FiguresPage {
		return s.moved(by * screenful)
	}
	all := s.numbers()
	if s.Pick >= len(all) {
		return s
	}
	at := all[s.Pick].group
	for range inList + 1 {
		at = (at + group(by) + inList + 1) % (inList + 1)
		if first := slices.IndexFunc(all, func(n number) bool { return n.group == at }); first >= 0 {
			s.Pick = first
			return s
		}
	}
	return s
}

func (s State) chose(index int) (State, []Command) {
	if index < 0 || index >= s.choices() {
		return s, nil
	}
	if s.Page == FiguresPage {
		s.Pick = index
		return s.confirmed()
	}
	again := s.Row == index
	s.Row = index
	switch s.Page {
	case OffersPage:
		if !again {
			s.Sure = ""
		}
	case FilePage:
		return s.confirmed()
	}
	return s, nil
}

// confirmed takes what is chosen.
func (s State) confirmed() (State, []Command) {
	switch s.Page {
	case FiguresPage:
		return s.openRows()
	case OffersPage:
		return s.pause()
	case FilePage:
		account, _ := s.account()
		if account == nil || s.Busy || s.Row >= len(Formats) {
			return s, nil
		}
		s.Busy = true
		return s, []Command{Save{Formats[s.Row], account}}
	case ClosePage:
		switch {
		case s.Busy:
			return s, nil
		case s.Closed != nil || s.Refused != nil:
			s.Page, s.Closed, s.Refused = FiguresPage, nil, nil
			return s, nil
		}
		s.Busy, s.Failed = true, false
		return s, []Command{CloseDay{s.Day, s.Manager}}
	case TasksPage, RowsPage:
	}
	return s, nil
}

func (s State) openRows() (State, []Command) {
	all := s.numbers()
	account, _ := s.account()
	if account == nil || s.Pick >= len(all) {
		return s, nil
	}
	chosen := all[s.Pick]
	s = s.leaf(RowsPage)
	s.Title, s.Worth = chosen.label, chosen.worth
	return s, []Command{Find{s.Turn, account, chosen.filter}}
}

// leaf goes to a page as if nobody had been there: what was told of the one before would seem to be about this one.
func (s State) leaf(page Page) State {
	s.Page, s.Row, s.Sure, s.Worth, s.Found, s.Closed, s.Refused, s.Failed, s.Notice = page, 0, "", nil, nil, nil, nil, false, terminal.Saying{}
	return s
}

func (s State) opened(page Page) (State, []Command) {
	if s.Busy || s.Day == (terminal.Date{}) {
		return s, nil
	}
	if s.Page == page {
		page = FiguresPage
	}
	s = s.leaf(page)
	switch page {
	case ClosePage:
		if made := s.close(); made != nil { // nobody is asked what cannot be done
			s.Refused = &terminal.DayRefused{Why: terminal.DayIsClosed, Day: s.Day, Close: *made}
		}
	case TasksPage:
		return s, []Command{LoadTasks{}}
	case OffersPage:
		return s, []Command{LoadOffers{}}
	}
	return s, nil
}

// twice is how soon the second of two presses comes that are meant as one: nobody has read the question by then.
const twice = 600 * time.Millisecond

// pause pauses or resumes the chosen offer: the first press asks, the second does it.
func (s State) pause() (State, []Command) {
	if s.Busy || s.Row >= len(s.Offers) {
		return s, nil
	}
	offer := s.Offers[s.Row]
	switch {
	case offer.State == terminal.CampaignPaused:
		return s.tell(true, "day.offers.merchant", nil), nil
	case s.Sure != offer.ID:
		s.Sure, s.Until = offer.ID, s.Now.Add(sureSeconds*time.Second)
		return s, nil
	case s.Now.Sub(s.Until.Add(-sureSeconds*time.Second)) < twice:
		return s, nil
	}
	s.Sure, s.Busy = "", true
	return s, []Command{Pause{offer.ID, !pausedHere(offer, s.Place.Store.ID), s.Manager}}
}

func pausedHere(offer terminal.Campaign, store string) bool {
	return slices.Contains(offer.PausedStores, store)
}

func (s State) paused(e PauseAnswered) (State, []Command) {
	s.Busy = false
	switch {
	case errors.Is(e.Err, terminal.ErrNoAnswer):
		return s.tell(true, "day.offers.needs_line", nil), nil
	case e.Err != nil:
		return s.tell(true, "day.offers.refused", nil), nil
	}
	s.Offers = slices.Clone(s.Offers)
	for i, offer := range s.Offers { // the counter's own list follows with the feed
		if offer.ID != e.Campaign {
			continue
		}
		stores := slices.DeleteFunc(slices.Clone(offer.PausedStores), func(id string) bool { return id == s.Place.Store.ID })
		if e.Paused {
			stores = append(stores, s.Place.Store.ID)
		}
		s.Offers[i].PausedStores = stores
	}
	if e.Paused {
		return s.tell(false, "day.offers.paused_now", nil), nil
	}
	return s.tell(false, "day.offers.resumed_now", nil), nil
}

func (s State) closed(e DayAnswered) (State, []Command) {
	s.Busy = false
	var refused *terminal.DayRefused
	switch {
	case errors.As(e.Err, &refused):
		s.Refused = refused
	case e.Err != nil:
		s.Failed = true
	default:
		s.Closed, s.Kept = &e.Record.Entry, e.Kept
		return s.ask()
	}
	return s, nil
}

// sortOffers puts what a manager looks for first: what is paused here, what ends soon, what starts soon, and the rest by id.
func sortOffers(offers []terminal.Campaign, s State) []terminal.Campaign {
	sorted := slices.Clone(offers)
	rank := func(c terminal.Campaign) int {
		switch life := lifeOf(c, s); {
		case life == lifeOver:
			return 4
		case life == lifePaused || life == lifeOff:
			return 0
		case life == lifeEnds:
			return 1
		case life == lifeStarts:
			return 2
		}
		return 3
	}
	slices.SortStableFunc(sorted, func(a, b terminal.Campaign) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.ID, b.ID))
	})
	return sorted
}

// life is where an offer stands.
type life string

const (
	lifeLive   life = "live"
	lifeStarts life = "starts" // it has not begun
	lifeEnds   life = "ends"   // within the next days
	lifeOver   life = "over"
	lifePaused life = "paused" // in this store
	lifeOff    life = "off"    // by the merchant, everywhere
)

func lifeOf(c terminal.Campaign, s State) life {
	zone, err := s.Place.Store.Location()
	if err != nil {
		zone = time.UTC
	}
	from, until := c.Rules.ValidFrom, c.Rules.ValidUntil
	switch {
	case until != nil && s.Now.After(until.Latest(zone)):
		return lifeOver
	case c.State == terminal.CampaignPaused:
		return lifeOff
	case pausedHere(c, s.Place.Store.ID):
		return lifePaused
	case from != nil && s.Now.Before(from.Earliest(zone)):
		return lifeStarts
	case until != nil && until.Latest(zone).Sub(s.Now) < soonDays*24*time.Hour:
		return lifeEnds
	}
	return lifeLive
}
