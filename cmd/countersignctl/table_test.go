package main

import (
	"strings"
	"testing"

	"countersign/terminal"
)

// A manager's report in Chinese would have its figures under the wrong heads.
func TestTableKeepsItsColumnsUnderChineseHeads(t *testing.T) {
	var set table
	set.row("活动", "类型", "数量")
	set.row("dinner", "商品或服务", "4")
	set.row("双人晚餐套餐", "kind", "12")
	want := -1
	for _, line := range strings.Split(strings.TrimSpace(set.String()), "\n") {
		cells := strings.Fields(line)
		last := strings.LastIndex(line, "  "+cells[len(cells)-1])
		if at := terminal.Columns(line[:last+2]); want >= 0 && at != want {
			t.Errorf("the last column of %q begins at %d, that of the first row at %d", line, at, want)
		} else {
			want = at
		}
	}
}
