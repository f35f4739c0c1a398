package terminal

// Role is what a person at the terminal may do.
type Role string

// The roles. A manager may do all that a cashier may; a technician sets up and may neither redeem nor reverse.
const (
	RoleCashier    Role = "cashier"
	RoleManager    Role = "manager"
	RoleTechnician Role = "technician"
)

// Covers reports whether a person with role r may do what needs role least. The empty role needs a cashier.
func (r Role) Covers(least Role) bool {
	if r == RoleManager {
		return true
	}
	if least == "" {
		least = RoleCashier
	}
	return r == least
}

// Operator is a person at the terminal.
type Operator struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Role    Role     `json:"role"`
	PINHash string   `json:"pin_hash,omitempty"` // Argon2id as a PHC string; never a PIN
	Stores  []string `json:"stores,omitempty"`   // none means every store
	Active  bool     `json:"active"`
}
