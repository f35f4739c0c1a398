package counter

// Sound is what the counter lets people hear, so that they know without looking.
type Sound string

// The sounds.
const (
	SoundReady    Sound = "ready"    // it can be redeemed: a yes is awaited
	SoundAsk      Sound = "ask"      // something is missing
	SoundDeclined Sound = "declined" // not honoured, or this machine cannot work
	SoundRedeemed Sound = "redeemed" // on disk
	SoundQueued   Sound = "queued"   // a scan was taken, and waits
)

// Heard is the sound of going from one state to the next; "" for none.
func Heard(before, after State) Sound {
	if after.Phase != before.Phase || after.Turn != before.Turn {
		switch after.Phase {
		case ReadyToRedeem:
			return SoundReady
		case Asked:
			return SoundAsk
		case Declined, Fault:
			return SoundDeclined
		case Redeemed:
			if after.Training { // nobody hands anything over for it
				return SoundReady
			}
			return SoundRedeemed
		}
	}
	if len(after.Waiting) > len(before.Waiting) {
		return SoundQueued
	}
	return ""
}
