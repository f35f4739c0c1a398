package main

import (
	"countersign/assets/sounds"
	"countersign/ui/counter"
)

// originals are the sounds as they were made.
var originals = map[counter.Sound]func() []byte{
	counter.SoundReady: sounds.Ready, counter.SoundAsk: sounds.Ask, counter.SoundDeclined: sounds.Declined,
	counter.SoundRedeemed: sounds.Redeemed, counter.SoundQueued: sounds.Queued,
}

// tune makes the sounds as loud as they are liked.
func (m *Main) tune() {
	m.sounds = map[counter.Sound][]byte{}
	if m.liked.Volume == 0 {
		return
	}
	for sound, original := range originals {
		m.sounds[sound] = sounds.At(original(), m.liked.Volume)
	}
}

// play has a sound played. It is called on the window's goroutine, and never blocks.
func (m *Main) play(sound counter.Sound) {
	if wav := m.sounds[sound]; wav != nil {
		m.speaker.Play(wav)
	}
}
