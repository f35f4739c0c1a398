package counter

import (
	"fmt"
	"testing"

	"countersign/terminal"
)

func TestNoisyScannerHoldsNobodyUp(t *testing.T) {
	// A scanner at the wrong speed fills the queue with rubbish, and the next customer's voucher comes after all of it.
	s := open()
	rubbish := func(i int) Scanned {
		return Scanned{terminal.Scan{Code: fmt.Sprintf("x\u00fe\u00e0%d\u00f8", i), Source: terminal.SourceScanner}}
	}
	s, _ = play(s, rubbish(0))
	if s.Phase != Deciding {
		t.Fatalf("the first is not looked up: %s", s.Phase)
	}
	for i := range 40 {
		s, _ = play(s, rubbish(i+1))
	}
	if len(s.Waiting) != 0 || s.Notice.Saying.Key != "ui.notice.nonsense" {
		t.Errorf("%d wait, and it says %q", len(s.Waiting), s.Notice.Saying.Key)
	}
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: terminal.Outcome{Choice: terminal.Declined}}, rubbish(50))
	if s.Phase != Declined || len(s.Waiting) != 0 {
		t.Errorf("more of it is looked up: %s, %d wait", s.Phase, len(s.Waiting))
	}
	for _, good := range []string{"7K3MQ9TX4B2H", "https://shop.example/v?code=7K3M&name=M\u00fcller", "\u9910\u5238-0042"} {
		if nonsense(terminal.Scan{Code: good, Source: terminal.SourceScanner}) {
			t.Errorf("%q is called nonsense", good)
		}
	}
}
