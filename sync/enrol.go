package sync

import (
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"countersign/sync/api"
	"countersign/terminal"
)

// Enrolment is what a join code was turned into: all that a terminal keeps of it.
type Enrolment struct {
	URL       string // the cloud's public URL, ending in "/"
	Merchant  string
	Store     string
	Terminal  string
	RootKey   ed25519.PublicKey
	Trust     string // the signed trust list
	LookupKey []byte // 32 bytes, secret: for the key store alone
	Settings  terminal.Settings
	At        time.Time // the server's time
}

// Enrolling is what enrolling needs besides the join code.
type Enrolling struct {
	Key     crypto.Signer // the terminal's own key, Ed25519, made on this machine
	Version string        // of the program
	Name    string        // for the terminal, where the invitation does not name it
	// Computer is the computer's own name, by which IT finds it; "" where it has none.
	Computer string
	// Journal is of which terminal the machine has a journal already; nil on a fresh machine.
	Journal *api.JournalOwner
	CAFile  string
	Proxy   string // see Config
	// Transport replaces the connection to the network in tests.
	Transport http.RoundTripper
}

// enrolBudget is how long enrolling may take: a person is watching, and the line may be a bad one.
const enrolBudget = 60 * time.Second

// Enrol uses a join code. The code binds to the terminal's key, so that a lost answer is mended by asking again. The answer is
// believed if it is signed under the root key whose hash the join code holds, and opened with a key that exists only for this call.
func Enrol(ctx context.Context, joinCode string, with Enrolling) (Enrolment, error) {
	code, err := api.ParseJoinCode(joinCode)
	if err != nil {
		return Enrolment{}, err
	}
	public, ok := with.Key.Public().(ed25519.PublicKey)
	if !ok {
		return Enrolment{}, errors.New("the terminal's key is not an Ed25519 key")
	}
	seal, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return Enrolment{}, err
	}
	answer, err := askToEnrol(ctx, code, public, seal, with)
	if err != nil {
		return Enrolment{}, err
	}
	if answer.JSON200 == nil {
		return Enrolment{}, refusal(answer.HTTPResponse, answer.Body)
	}
	return openEnrolment(code, *answer.JSON200, seal)
}

func askToEnrol(ctx context.Context, code api.JoinCode, public ed25519.PublicKey, seal *ecdh.PrivateKey, with Enrolling) (*api.EnrolResponse, error) {
	client, err := enrolClient(code, with)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, enrolBudget)
	defer cancel()
	request := api.EnrolRequest{
		Code: code.Secret, PublicKey: public, SealKey: seal.PublicKey().Bytes(), ProgramVersion: with.Version,
	}
	request.Name, request.Computer = optional(with.Name), optional(with.Computer)
	request.Journal = with.Journal
	answer, err := client.EnrolWithResponse(ctx, request)
	if err != nil {
		return nil, asNoAnswer(ctx, err)
	}
	return answer, nil
}

// AlreadyEnrolled reports that the cloud knows the machine's key: it is a terminal already, under the name it was given then.
func AlreadyEnrolled(err error) bool {
	var refused *Refusal
	return errors.As(err, &refused) && refused.Code == alreadyEnrolled
}

const alreadyEnrolled = "already_enrolled"

// FindCloud finds a terminal's cloud again, its address and its signed trust list, from a join code of the same cloud: root is the
// root key that was pinned when the terminal joined. The cloud knows the key, and says in its refusal all that is needed.
func FindCloud(ctx context.Context, joinCode string, root ed25519.PublicKey, with Enrolling) (address, trust string, err error) {
	code, err := api.ParseJoinCode(joinCode)
	if err != nil {
		return "", "", err
	}
	if !code.Pins(root) {
		return "", "", errors.New("this join code is of another cloud than the one this terminal belongs to; ask for one of the same cloud")
	}
	public, ok := with.Key.Public().(ed25519.PublicKey)
	if !ok {
		return "", "", errors.New("the terminal's key is not an Ed25519 key")
	}
	seal, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return "", "", err
	}
	answer, err := askToEnrol(ctx, code, public, seal, with)
	if err != nil {
		return "", "", err
	}
	if answer.JSON200 == nil {
		if err := refusal(answer.HTTPResponse, answer.Body); !AlreadyEnrolled(err) {
			return "", "", err
		}
	}
	var carried struct {
		Trust string `json:"trust"`
	}
	if err := json.Unmarshal(answer.Body, &carried); err != nil {
		return "", "", fmt.Errorf("the cloud's answer cannot be read: %w", err)
	}
	if _, err := openTrustList(root, carried.Trust); err != nil {
		return "", "", err
	}
	return code.Base, carried.Trust, nil
}

// enrolClient makes a client whose answers are verified by the keys that they bring along under the pinned root key.
func enrolClient(code api.JoinCode, with Enrolling) (*api.ClientWithResponses, error) {
	base, err := url.Parse(code.Base)
	if err != nil {
		return nil, err
	}
	if err := checkBase(base); err != nil {
		return nil, err
	}
	prover, err := newProver(with.Key)
	if err != nil {
		return nil, err
	}
	transport := with.Transport
	if transport == nil {
		if transport, err = newTransport(with.CAFile, with.Proxy); err != nil {
			return nil, err
		}
	}
	return api.NewClientWithResponses(code.Base, api.WithHTTPClient(&doer{
		client: &http.Client{Transport: transport, CheckRedirect: noRedirect},
		prover: prover,
		keys: func(kid string, body []byte) (ed25519.PublicKey, error) {
			return pinnedKey(code, kid, body)
		},
	}))
}

// pinnedKey finds the key of an answer to an enrolment, a yes or a no: both bring the root key and a trust list under it.
func pinnedKey(code api.JoinCode, kid string, body []byte) (ed25519.PublicKey, error) {
	var carried struct {
		RootKey []byte `json:"root_key"`
		Trust   string `json:"trust"`
	}
	if err := json.Unmarshal(body, &carried); err != nil {
		return nil, fmt.Errorf("the answer cannot be read: %w", err)
	}
	if !code.Pins(carried.RootKey) {
		return nil, ErrPin
	}
	list, err := openTrustList(carried.RootKey, carried.Trust)
	if err != nil {
		return nil, err
	}
	return feedKey(list, kid, time.Now())
}

// openEnrolment opens the sealed lookup key.
func openEnrolment(code api.JoinCode, answer api.Enrolment, seal *ecdh.PrivateKey) (Enrolment, error) {
	private, err := hpke.NewDHKEMPrivateKey(seal)
	if err != nil {
		return Enrolment{}, err
	}
	recipient, err := hpke.NewRecipient(answer.LookupKey.Enc, private, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte(api.LookupKeyInfo))
	if err != nil {
		return Enrolment{}, fmt.Errorf("the lookup key cannot be opened: %w", err)
	}
	lookupKey, err := recipient.Open(nil, answer.LookupKey.Ciphertext)
	if err != nil || len(lookupKey) != 32 {
		return Enrolment{}, errors.New("the lookup key that the cloud sent cannot be opened; join again")
	}
	return Enrolment{
		URL: code.Base, Merchant: answer.Merchant, Store: answer.Store, Terminal: answer.Terminal,
		RootKey: answer.RootKey, Trust: answer.Trust, LookupKey: lookupKey, Settings: answer.Settings, At: answer.ServerTime,
	}, nil
}
