package station

import (
	"time"

	"countersign/terminal"
	"countersign/terminal/printer"
)

// SayPrinter says how a printer is, and what to do about it; nothing is to be done about one that is well.
func SayPrinter(words terminal.Words, status printer.Status) (how, do string) {
	key := string(status.State)
	switch {
	case status.State != printer.StateReady && status.State != printer.StateWaiting && status.State != printer.StateStalled:
	case status.Paper == printer.PaperOut:
		key = "paper_out"
	case status.Cover == printer.CoverOpen:
		key = "cover_open"
	case status.Fault != "":
		key = status.Fault
	case status.Paper == printer.PaperLow && status.State == printer.StateReady:
		key = "paper_low"
	}
	if wrong := misnamed(status); wrong != "" {
		key = wrong
	}
	how = words.Say("printer.state."+key, nil)
	if key != string(printer.StateReady) && key != string(printer.StatePrinting) {
		do = words.Say("printer.do."+key, nil)
	}
	return how, do
}

// misnamed tells a printer that is named wrongly from one that is unplugged: nobody finds a plug for it. "" where it is neither.
func misnamed(status printer.Status) string {
	switch status.State {
	case printer.StateFolder, printer.StateFile, printer.StateNoLine:
		return string(status.State)
	case printer.StateMissing:
	default:
		return ""
	}
	target, err := printer.ParseTarget(status.Target)
	switch {
	case err != nil:
		return "no_address"
	case target.Scheme == "file":
		return "no_folder"
	}
	return ""
}

// Misnamed reports that the printer cannot be reached because of what the configuration says, not because of a plug.
func Misnamed(status printer.Status) bool { return misnamed(status) != "" }

// SayJob says what became of a slip.
func SayJob(words terminal.Words, job terminal.SpoolJob, now time.Time) string {
	return words.Say(JobSentence(job, now), nil)
}

// JobSentence is the key of the sentence on how a slip is.
func JobSentence(job terminal.SpoolJob, now time.Time) string {
	switch {
	case job.State == terminal.JobQueued && job.Hold:
		return "printer.job.hold"
	case NeedsYes(job, now):
		return "printer.job.old"
	case job.Detail != "":
		return "printer.detail." + job.Detail
	}
	return "printer.job." + string(job.State)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// SayDayRefused says why a day was not closed.
func SayDayRefused(words terminal.Words, refused *terminal.DayRefused) string {
	facts := map[string]any{"day": refused.Day}
	if refused.Close.Totals != nil {
		facts["number"], facts["receipt"] = refused.Close.Totals.Number, refused.Close.Receipt.String()
	}
	return words.Say("day.refused."+refused.Why, facts)
}
