package terminal

import "time"

// SpoolJob is a print job as the journal's spool holds it.
type SpoolJob struct {
	ID int64 // counts up in the order in which jobs were made; never used twice
	PrintJob
	UID       UID           // the entry that the slip is for; zero for a test page
	Receipt   ReceiptNumber // of that entry
	Duplicate int           // 0 for the original, else which reprint
	State     JobState
	Detail    string    // why it is in this state, one of the Detail… strings, or "" where the state says all
	Made      time.Time // when the job was written
	Released  time.Time // when staff asked for it to be printed now; zero for never
	Changed   time.Time // when State became what it is
	Altered   bool      // somebody changed it in the file: it is not what the terminal made, and never printed
}

// What SpoolJob.Detail says. Screens show it in words (keys printer.detail.DETAIL).
const (
	DetailNoWord      = "no_word"      // sent: this printer cannot say that it printed. Final; check the paper
	DetailRestored    = "restored"     // unconfirmed: the journal was restored, or parted from another, before it was printed
	DetailRestart     = "restart"      // unconfirmed: the terminal stopped in the middle
	DetailLost        = "lost"         // unconfirmed: the printer went away in the middle
	DetailNoAnswer    = "no_answer"    // unconfirmed: the printer answers, but never said that it printed this slip
	DetailStopped     = "stopped"      // unconfirmed: the printing was stopped by the terminal's end
	DetailCancelled   = "cancelled"    // abandoned: staff cancelled it
	DetailProfile     = "profile"      // failed: its bytes were made for another kind of printer
	DetailUnprintable = "unprintable"  // failed: there is nothing to print in it
	DetailAltered     = "altered"      // failed: it was changed in the file after it was made
	DetailRetry       = "not_one_byte" // queued again: not one byte of it had been written
)
