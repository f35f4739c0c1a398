package main

import (
	"context"

	"countersign/assets/translations"
	"countersign/cmd/internal/station"
	"countersign/ui/counter"
	"countersign/ui/theme"
)

// firstPreferences are those that the window begins with: what the command line says, else a policy, else what was chosen at this counter,
// else the configuration.
func (m *Main) firstPreferences() theme.Preferences {
	layers, err := station.ReadLayers(m.options.Config, m.station.Folder())
	if err != nil {
		layers = station.Layers{Settings: m.station.Settings}
	}
	kept, err := station.ReadScreen(m.station.Folder())
	if err != nil {
		m.station.Log.Error("the screen begins as it is configured", "error", err.Error())
	}
	m.kept = kept
	settings := layers.WithScreen(kept)
	language, look := settings.Language, settings.Theme
	if m.options.Language != "" {
		language = m.options.Language
	}
	if m.options.Theme != "" {
		look = m.options.Theme
	}
	return theme.Preferences{Language: m.station.Words(context.Background(), language).Language(), Dark: look == "dark",
		Text: theme.Nearest(theme.TextSizes, settings.Text), Volume: theme.Nearest(theme.Volumes, settings.Volume)}
}

// Preferences are how the screen is liked now. It is called on the window's goroutine.
func (m *Main) Preferences() theme.Preferences { return m.liked }

// Prefer has every window speak, look and sound as wanted, at once, and keeps that on this computer. It is called on the window's
// goroutine.
func (m *Main) Prefer(wanted theme.Preferences) {
	before := m.liked
	if wanted == before {
		return
	}
	m.keepPreferences(before, wanted)
	m.liked = wanted
	m.tune()
	m.look.Dark, m.look.Text = wanted.Dark, float32(wanted.Text)/100
	if wanted.Language != before.Language {
		m.words.Store(m.Words().Speak(wanted.Language))
		m.screen.Counter().Speak(m.Words())
		m.day.Speak(m.Words())
	}
	m.screen.Counter().Happen(counter.Preferred{Preferences: wanted})
	if wanted.Volume != before.Volume {
		m.play(counter.SoundReady) // as loud as they will be
	}
	if wanted.Language != before.Language || wanted.Dark != before.Dark || wanted.Text != before.Text {
		m.app.Settings().SetTheme(m.look)
		m.screen.Rebuild()
		if m.setup != nil {
			m.setup.screen.Speak(m.Words())
		}
		if m.preferred != nil {
			m.preferred()
		}
	}
}

// Words are those of the language that is spoken now; of any goroutine.
func (m *Main) Words() *translations.Words { return m.words.Load() }

// keepPreferences stores what of them is not as before.
func (m *Main) keepPreferences(before, wanted theme.Preferences) {
	if wanted.Language != before.Language {
		m.kept.Language = &wanted.Language
	}
	if wanted.Dark != before.Dark {
		look := map[bool]string{false: "light", true: "dark"}[wanted.Dark]
		m.kept.Theme = &look
	}
	if wanted.Text != before.Text {
		m.kept.Text = &wanted.Text
	}
	if wanted.Volume != before.Volume {
		m.kept.Volume = &wanted.Volume
	}
	kept := m.kept
	m.toKeep.Store(&kept)
	m.done.Go(func() {
		m.keeping.Lock() // one writes at a time, and each the newest
		defer m.keeping.Unlock()
		if err := station.KeepScreen(m.station.Folder(), *m.toKeep.Load()); err != nil {
			m.station.Log.Error("how the screen is liked could not be kept", "error", err.Error())
		}
	})
}
