package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// HubType is the typ header of a signed appointment of a hub.
const HubType = "countersign-hub+jws"

// HubPort is the port that a hub listens on where nothing else is said.
const HubPort = "7743"

// HubName is what a hub is called in its certificate and its URL. It holds the term, so that a hub of an older one is another host, and
// no id of a merchant or a store, which need not be good in a name.
func HubName(merchant, store string, term int64) string {
	sum := sha256.Sum256([]byte("countersign hub 1\n" + merchant + "\x00" + store))
	return fmt.Sprintf("hub-%d-%s.countersign.internal", term, hex.EncodeToString(sum[:8]))
}

// HubKeyID is the key id of a hub's answers.
func HubKeyID(term int64) string { return fmt.Sprintf("hub-%d", term) }
