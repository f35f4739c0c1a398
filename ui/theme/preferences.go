package theme

// Preferences are how the people at a counter like its screen: what it speaks, how it looks, how large it writes and how loud it is.
type Preferences struct {
	Language string // BCP 47
	Dark     bool
	Text     int // the size of writing in percent of its natural one: one of TextSizes
	Volume   int // of the sounds, in percent; 0 is silence. One of Volumes
}

// TextSizes are the sizes of writing that can be chosen, in percent.
var TextSizes = []int{100, 125, 150, 200}

// Volumes are the volumes that can be chosen, in percent.
var Volumes = []int{0, 25, 60, 100}

// Nearest is the one of choices that is closest to wanted.
func Nearest(choices []int, wanted int) int {
	best := choices[0]
	for _, choice := range choices {
		if abs(choice-wanted) < abs(best-wanted) {
			best = choice
		}
	}
	return best
}

func abs(n int) int { return max(n, -n) }
