package cloud

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"time"

	"countersign/terminal"
)

// AdminToken lets who has it do what the merchant's people do, over the network. Only the hash of it is kept.
type AdminToken struct {
	Name      string     `json:"name"`
	Merchant  string     `json:"merchant,omitempty"` // the only one that it is for; "" for all
	CreatedAt time.Time  `json:"created_at"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
}

// tokenPrefix makes a token known for what it is, where it turns up in a place that it should not be in.
const tokenPrefix = "cst_"

// NewAdminToken makes a token, 128 random bits, and what is kept of it.
func NewAdminToken() (secret string, hash [32]byte) {
	var raw terminal.UID
	rand.Read(raw[:])
	secret = tokenPrefix + raw.String()
	return secret, AdminTokenHash(secret)
}

// AdminTokenHash is what the cloud keeps of a token. The token is random: a hash of it needs no salt and no stretching.
func AdminTokenHash(secret string) [32]byte {
	return sha256.Sum256([]byte("countersign admin token 1\n" + secret))
}

// adminPrefix is where the merchant's side begins.
const adminPrefix = "/v1/admin/"

// admin finds the token of a request of the merchant's side.
func (s *server) admin(r *http.Request) (AdminToken, error) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return AdminToken{}, problem(http.StatusUnauthorized, "invalid_token", "The request needs the header Authorization: Bearer TOKEN, with a token of countersign-cloud token create.")
	}
	token, err := s.storage.AdminToken(r.Context(), AdminTokenHash(strings.TrimSpace(secret)))
	if errors.Is(err, ErrUnknown) {
		return token, problem(http.StatusUnauthorized, "invalid_token", "The token is not one of this cloud, or was ended: make a new one with countersign-cloud token create.")
	}
	return token, err
}
