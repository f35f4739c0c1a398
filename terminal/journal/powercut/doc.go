// Package powercut lets tests cut the power under SQLite. Between SQLite and the system it watches what a program writes into one
// folder, and after a cut it makes the folder anew as a disk could hold it then: what was synced is there; of what was not, any part
// may be there, in any order, and where it was being written there may be anything.
//
// It is for tests alone, and exists on Linux alone: its C file stands on the symbols of the SQLite that go-sqlite3 brings along.
package powercut
