package powercut

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// afterCuts is what a file was left with in many power cuts, and how often; "none" where it was gone.
func afterCuts(d *Disk, called string) map[string]int {
	left := map[string]int{}
	for cut := range uint64(400) {
		if content, there := d.remains(newFate(rand.New(rand.NewPCG(1, cut))))[called]; there {
			left[string(content)]++
		} else {
			left["none"]++
		}
	}
	return left
}

func diskWith(t *testing.T, called string, content []byte) *Disk {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, called), content, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := newDisk(folder)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSyncedBytesStayAndOthersMayNot(t *testing.T) {
	// If this fails, the disk that the journal is tried on is kinder or crueller than a shop's.
	const sector = 4096 // the largest that a disk of these tests has
	old := bytes.Repeat([]byte("o"), 3*sector)
	d := diskWith(t, "a", old)
	f, _ := d.open("a", false)
	synced := bytes.Repeat([]byte("s"), 512)
	d.write(f, 512, synced)
	d.sync(f, false)
	want := bytes.Clone(old)
	copy(want[512:], synced)
	if left := afterCuts(d, "a"); left[string(want)] != 400 {
		t.Fatalf("a synced write gave %d different files", len(left))
	}
	d.write(f, sector+1024, bytes.Repeat([]byte("n"), 600))
	left := afterCuts(d, "a")
	whole := bytes.Clone(want)
	copy(whole[sector+1024:], bytes.Repeat([]byte("n"), 600))
	if left[string(want)] == 0 || left[string(whole)] == 0 || len(left) < 10 {
		t.Errorf("a pending write was dropped %d times, kept %d times, and gave %d different files", left[string(want)],
			left[string(whole)], len(left))
	}
	for content := range left {
		if len(content) != len(want) || content[:sector] != string(want[:sector]) || content[2*sector:] != string(want[2*sector:]) {
			t.Fatal("a cut changed bytes of a sector that nobody was writing to")
		}
	}
}

func TestNamesAreDurableWithTheirFolder(t *testing.T) {
	// If this fails, the tests cannot see a journal whose file is whole and whose name is gone.
	d := diskWith(t, "a", []byte("first"))
	f, made := d.open("b", true)
	if !made {
		t.Fatal("the file was there already")
	}
	d.write(f, 0, []byte("second"))
	d.sync(f, false)
	if left := afterCuts(d, "b"); left["none"] == 0 || left["second"] == 0 || len(left) != 2 {
		t.Errorf("a synced file in a folder that was not was left as %v", left)
	}
	d.sync(f, true)
	d.delete("a", false)
	if left := afterCuts(d, "b"); left["second"] != 400 {
		t.Errorf("a synced file in a synced folder was left as %v", left)
	}
	if left := afterCuts(d, "a"); left["none"] == 0 || left["first"] == 0 || len(left) != 2 {
		t.Errorf("a deleted file was left as %v", left)
	}
	d.delete("b", true)
	if left := afterCuts(d, "a"); left["none"] != 400 {
		t.Errorf("a deleted file in a synced folder was left as %v", left)
	}
}

func TestThePowerIsCutWhereItWasAsked(t *testing.T) {
	// If this fails, the cuts miss the moments that matter, and a lost redemption goes unseen.
	d := diskWith(t, "a", []byte("old"))
	f, _ := d.open("a", false)
	d.CutIn(2)
	d.write(f, 0, []byte("new"))
	if d.Dark() {
		t.Fatal("the power was cut too early")
	}
	d.sync(f, false)
	if !d.Dark() || d.Cut() != "sync a" {
		t.Fatalf("dark: %t, in %q", d.Dark(), d.Cut())
	}
	if left := afterCuts(d, "a"); left["old"] == 0 || left["new"] == 0 {
		t.Errorf("a sync that was cut off promised something: %v", left)
	}
	d.write(f, 0, []byte("ghost"))
	if left := afterCuts(d, "a"); left["ghost"] != 0 {
		t.Error("something was written with the power off")
	}
	d = diskWith(t, "a", []byte("old"))
	f, _ = d.open("a", false)
	d.CutInSync(1)
	d.write(f, 0, []byte("new"))
	if d.Dark() {
		t.Fatal("the power was cut in a write instead of a sync")
	}
	if d.sync(f, false); !d.Dark() {
		t.Fatal("the power was not cut in the sync")
	}
}
