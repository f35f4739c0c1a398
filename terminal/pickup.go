package terminal

import (
	"slices"
	"strings"
)

// judgePickup judges an order to collect: which of its lines are handed over.
func judgePickup(line *OutcomeLine, item Item, req Request, at Situation) *Finding {
	open := map[string]bool{}
	var all []string
	for _, part := range line.Voucher.Lines {
		if item.partLeft(part) > 0 {
			open[part.ID] = true
			all = append(all, part.ID)
		}
	}
	wanted := req.Lines
	if len(wanted) == 0 {
		wanted = all
	}
	if len(all) == 0 && len(req.Lines) == 0 {
		line.Units = 1
		if line.Left < item.left() { // earlier lines of the same bill take them
			return twiceOnBill()
		}
		return usedUp(AlreadyRedeemed, item, 0, 1, at)
	}
	var collected []string
	for _, id := range wanted {
		id = strings.TrimSpace(id)
		meant := line.Voucher.linesMeant(id, open)
		if len(meant) > 1 {
			return &Finding{Reason: AmountInvalid, Facts: map[string]any{"asked": id, "several": line.Voucher.LineNames(meant)}}
		}
		n := -1
		if len(meant) == 1 {
			id = meant[0]
			n = slices.IndexFunc(line.Voucher.Lines, func(l OrderLine) bool { return l.ID == id })
		}
		named := func(l OrderLine) bool { return l.ID == id }
		switch {
		case n < 0:
			return &Finding{Reason: AmountInvalid, Facts: map[string]any{"asked": id, "lines": line.Voucher.LineNames(all)}}
		case slices.ContainsFunc(line.Parts, named): // named twice
		case !open[id]:
			collected = append(collected, id)
		default:
			delete(open, id)
			line.Parts = append(line.Parts, line.Voucher.Lines[n])
		}
	}
	if len(collected) > 0 {
		line.Parts, line.Units = nil, 1
		return collectedBefore(*line, item, collected, all, at)
	}
	line.Units = int64(len(line.Parts))
	return nil
}

// linesMeant are the ids of the lines that somebody can mean who says text: the line with that letter, else those of that name, small
// letters and capitals alike. Of several of a name, those are meant that are open, where some are.
func (v Voucher) linesMeant(text string, open map[string]bool) []string {
	var letters, names, openNames []string
	for _, line := range v.Lines {
		switch {
		case line.ID == text:
			return []string{line.ID}
		case strings.EqualFold(line.ID, text):
			letters = append(letters, line.ID)
		case strings.EqualFold(strings.TrimSpace(line.Name), text):
			if names = append(names, line.ID); open[line.ID] {
				openNames = append(openNames, line.ID)
			}
		}
	}
	for _, meant := range [][]string{letters, openNames} {
		if len(meant) > 0 {
			return meant
		}
	}
	return names[:min(1, len(names))]
}

// partLeft is how much of one line of an order can still be handed over: as left says of the whole. What this terminal took back
// later than the row knows is free at once.
func (i Item) partLeft(part OrderLine) int64 {
	own, row := i.Parts[part.ID], int64(1)
	if part.Collected {
		row = 0
	}
	return max(0, min(row-own.After, 1-own.Net+i.Row.Undone[part.ID]))
}

// collectedBefore says which of the lines that are asked for were handed over before, and which are still open. When and by whom
// is said where it is known of the very line.
func collectedBefore(line OutcomeLine, item Item, collected, open []string, at Situation) *Finding {
	finding := usedUp(AlreadyRedeemed, item, int64(len(open)), item.total(), at)
	left, total := finding.Facts["left"], finding.Facts["total"]
	if own := item.Parts[collected[0]].Last; own != nil {
		finding.Facts = at.useFacts(own)
	} else if item.total()-int64(len(open)) > 1 { // the voucher's last use may be that of another line
		finding.Facts = map[string]any{}
	}
	finding.Facts["left"], finding.Facts["total"] = left, total
	finding.Facts["lines"] = line.Voucher.LineNames(collected)
	if len(open) > 0 {
		finding.Facts["open"] = line.Voucher.LineNames(open)
	}
	return finding
}

// LineNames are the lines of an order by their ids as a sentence names them: "Bread (a)".
func (v Voucher) LineNames(ids []string) []string {
	var names []string
	for _, line := range v.Lines {
		if slices.Contains(ids, line.ID) {
			names = append(names, line.Name+" ("+line.ID+")")
		}
	}
	return names
}
