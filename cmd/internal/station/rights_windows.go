package station

// openToAll is false: Provision sets the folder's access list, and a folder of a person's own inherits that person's.
func openToAll(string) bool { return false }

// mayWrite says yes: on Windows the folder's rights hold for each file in it.
func mayWrite(string) bool { return true }

// joinGroup is nothing: Provision gives the machine's people their right.
func joinGroup(string) string { return "" }

// ownAs does nothing: on Windows the folder's rights hold for each file in it.
func ownAs(string, string) error { return nil }
