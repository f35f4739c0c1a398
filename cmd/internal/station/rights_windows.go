package station

// openToAll is false: Provision sets the folder's access list, and a folder of a person's own inherits that person's.
func openToAll(string) bool { return false }
