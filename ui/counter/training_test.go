package counter_test

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"countersign/ui/counter"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// agree has the one manager type her PIN.
func (c *till) agree() {
	c.Type("4821", 150*time.Millisecond)
	c.Hands.Key(fyne.KeyReturn)
	c.tick(time.Second)
}

// train begins a training, or ends it, by the keyboard alone.
func (c *till) train() {
	c.Hands.Key(fyne.KeyF10)
	c.Hands.Key(fyne.KeyF7)
	c.tick(time.Second)
	c.agree()
}

// says reports whether a text stands on the screen.
func (c *till) says(text string) bool {
	for _, o := range everything(c.window.Content()) {
		if said, ok := o.(*widgets.Text); ok && said.Text == text {
			return true
		}
	}
	return false
}

const trainingWord = "TRAINING – NOTHING COUNTS"

func TestTrainingRedeemsNothing(t *testing.T) {
	// A new cashier would use up customers' vouchers while she learns, or go on practising with customers before her.
	c := openTill(t)
	c.train()
	if !c.state().Training || !c.says(trainingWord) {
		t.Fatalf("in training: %v, said: %v", c.state().Training, c.says(trainingWord))
	}
	c.heard = nil
	c.Scan(code(1), fyne.KeyReturn)
	c.tick(time.Second)
	c.Hands.Key(fyne.KeyReturn)
	c.tick(time.Second)
	s := c.state()
	if s.Phase != counter.Redeemed || len(c.gym.Codes()) != 1 || len(c.shop.Codes()) != 0 || c.shop.Scans() != 0 {
		t.Fatalf("%s; %d practised, %d redeemed, %d asked", s.Phase, len(c.gym.Codes()), len(c.shop.Codes()), c.shop.Scans())
	}
	v := counter.Panel(s, c.screen.Counter().Words())
	if v.Tone == theme.Done || v.Title == c.screen.Counter().Words().Say("outcome.redeemed", nil) {
		t.Errorf("what was practised looks as if it had been redeemed: %s %q", v.Tone, v.Title)
	}
	for _, sound := range c.heard {
		if sound == counter.SoundRedeemed {
			t.Error("what was practised sounds as if it had been redeemed")
		}
	}
	c.Hands.Key(fyne.KeyF12)
	c.Hands.Key(fyne.KeyF11)
	if c.state().Sheet != counter.NoSheet {
		t.Errorf("the real room %q opens in a training", c.state().Sheet)
	}
	c.Hands.Key(fyne.KeyF8)
	c.Hands.Key(fyne.KeyReturn)
	c.tick(time.Second)
	if c.state().Phase != counter.TakenBack || len(c.gym.Reversals()) != 1 || len(c.shop.Reversals()) != 0 {
		t.Errorf("undone: %s, %d practised, %d taken back", c.state().Phase, len(c.gym.Reversals()), len(c.shop.Reversals()))
	}
	c.Scan(code(2), fyne.KeyReturn)
	c.tick(time.Second)
	c.Scan(code(3), fyne.KeyReturn)
	c.train()
	s = c.state()
	if s.Training || c.says(trainingWord) || s.Phase != counter.Ready || len(s.Waiting) != 0 || len(s.Past) != 0 || c.ended != 1 {
		t.Fatalf("after it: training %v, %s, %d wait, %d past, %d ended", s.Training, s.Phase, len(s.Waiting), len(s.Past), c.ended)
	}
	c.Scan(code(1), fyne.KeyReturn)
	c.tick(time.Second)
	c.Hands.Key(fyne.KeyReturn)
	c.tick(time.Second)
	if c.state().Phase != counter.Redeemed || len(c.shop.Codes()) != 1 || len(c.gym.Codes()) != 1 {
		t.Errorf("afterwards: %s, %d redeemed, %d practised", c.state().Phase, len(c.shop.Codes()), len(c.gym.Codes()))
	}
}

func TestTrainingNeedsAManagerAndAnEmptyPanel(t *testing.T) {
	// A cashier could sell in training what she then pockets, or a customer's voucher would become an exercise.
	c := openTill(t)
	c.Hands.Key(fyne.KeyF10)
	c.Hands.Key(fyne.KeyF7)
	if people := c.state().People(); len(people) != 1 || people[0].ID != "anna" {
		t.Errorf("%v may begin a training", people)
	}
	c.tick(time.Second)
	c.Type("1111", 150*time.Millisecond)
	c.Hands.Key(fyne.KeyReturn)
	c.tick(time.Second)
	if c.state().Training || c.state().Wrong == nil {
		t.Error("a wrong PIN begins a training")
	}
	c.Scan(code(1), fyne.KeyReturn) // a customer comes while the manager types
	c.agree()
	if s := c.state(); s.Training || s.Phase != counter.ReadyToRedeem {
		t.Errorf("with a customer's scan waiting: training %v, %s", s.Training, s.Phase)
	}
	c.Hands.Key(fyne.KeyF10)
	c.Hands.Key(fyne.KeyF7)
	if c.state().Sheet == counter.SignInSheet {
		t.Error("a training can begin with a voucher in hand")
	}
	c.tick(6 * time.Minute)
	c.Hands.Key(fyne.KeyF10)
	c.Hands.Key(fyne.KeyF7)
	if c.state().Purpose == counter.ForTraining {
		t.Error("a training can begin at a locked counter")
	}
}

func TestTrainingEndsWithTheDay(t *testing.T) {
	// Somebody forgets to end it, and the first customers of the morning are served for nothing.
	for _, where := range []struct {
		name    string
		prepare func(c *till)
	}{
		{"ready", func(*till) {}},
		{"with a voucher in hand", func(c *till) { c.Scan(code(1), fyne.KeyReturn) }},
		{"with another waiting", func(c *till) {
			c.Scan(code(1), fyne.KeyReturn)
			c.tick(time.Second)
			c.Scan(code(2), fyne.KeyReturn)
		}},
		{"while undoing", func(c *till) {
			c.Scan(code(1), fyne.KeyReturn)
			c.tick(time.Second)
			c.Hands.Key(fyne.KeyReturn)
			c.tick(time.Second)
			c.Hands.Key(fyne.KeyF8)
		}},
	} {
		c := openTill(t)
		c.train()
		where.prepare(c)
		c.World.Pass(15 * time.Hour) // noon to three at night: the day begins at four
		c.tick(time.Second)
		if !c.state().Training {
			t.Errorf("%s: ended before the day did", where.name)
		}
		c.World.Pass(2 * time.Hour)
		c.tick(time.Second)
		if s := c.state(); s.Training || c.says(trainingWord) || c.ended != 1 || s.Phase != counter.Ready || len(s.Waiting) != 0 || !s.Locked() {
			t.Errorf("%s, the next day: training %v, %s, %q, %d wait, %d ended", where.name, s.Training, s.Phase, s.Sheet, len(s.Waiting), c.ended)
		}
		if len(c.shop.Codes()) != 0 {
			t.Errorf("%s: %v were redeemed", where.name, c.shop.Codes())
		}
	}
}
