package sync

// CheckWay says what is wrong with a proxy's address or a file of certificate authorities (see Config), before anything is sent. What is
// wrong with the file is an ErrAuthorities.
func CheckWay(caFile, proxy string) error {
	_, err := newTransport(caFile, proxy)
	return err
}
