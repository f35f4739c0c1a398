package station

import (
	"crypto/rand"

	"countersign/terminal"
	"countersign/terminal/escpos"
)

// uids makes the uids of redemptions. Where the printer cannot draw QR codes by itself, it has a few ready whose codes are drawn already:
// that takes longer than the decision, and can be done while the cashier reaches for the next voucher. It implements terminal.Random.
type uids struct {
	ready chan terminal.UID // nil where nothing is to be drawn
}

// uidsAhead is how many uids are kept ready: a cashier who scans as fast as he can still finds one.
const uidsAhead = 4

func newUIDs(profile escpos.Profile) uids {
	if profile.QR == "native" {
		return uids{}
	}
	return uids{ready: make(chan terminal.UID, uidsAhead)}
}

// UID implements terminal.Random.
func (u uids) UID() terminal.UID {
	if u.ready == nil {
		return newUID()
	}
	defer func() { go u.prepare() }()
	select {
	case uid := <-u.ready:
		return uid
	default:
		return newUID()
	}
}

// prepare draws codes until enough are ready. Several at once do no harm.
func (u uids) prepare() {
	typesetter, err := typesetter()
	for err == nil && len(u.ready) < cap(u.ready) {
		uid := newUID()
		if err = typesetter.PrepareQR(uid.String()); err != nil {
			return // the slip itself will say why
		}
		select {
		case u.ready <- uid:
		default:
			return
		}
	}
}

func newUID() terminal.UID {
	var uid terminal.UID
	_, _ = rand.Read(uid[:]) // it never fails: without randomness the runtime ends the program
	return uid
}
