package terminal

// Words says things in one language. Keys are those of the translations; args fill the {name} places of a sentence and may hold
// strings, numbers, Money, time.Time (written in the store's zone) and Date, each written as the language writes it.
type Words interface {
	Language() string // BCP 47
	Say(key string, args map[string]any) string
}

// Saying is a sentence that has not been put into a language yet.
type Saying struct {
	Key  string         `json:"key"`
	Args map[string]any `json:"args,omitempty"`
}

// In puts the saying into a language.
func (s Saying) In(words Words) string { return words.Say(s.Key, s.Args) }
