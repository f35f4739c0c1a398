// Package simulation plays weeks of a merchant's life in seconds, with the real terminal, sync and cloud code, and holds it to what must
// always be true. It is nothing but tests.
//
// One number, the seed, decides everything that a shop does not choose: what customers show, when a line is cut, what becomes of each
// message, in which write the power fails, when a clock jumps. The code runs in a testing/synctest bubble, so that a day costs no time and
// each wait ends at an instant of its own. A world has several counters in two stores (each a station.Station with its own data folder,
// journal, cache, printer and pump), a cloud on its SQLite storage, and lines between them that lose, delay, double and reorder messages,
// or answer in the cloud's place. Power cuts, of counters and of the cloud, are those of package powercut: what was not synced is dropped,
// kept or torn. Disks fill up, programs are killed, caches are lost, printers unplugged, keys rotated, vouchers revoked, offers paused and
// changed; a night is minutes or more than a week. Counters lease vouchers of their stores, and units of a limit. In every fourth world a
// store has a hub, and cables of the shop come out. In every third the counters are on before the first customer, and have leases then. In
// every fifth the journal of a counter is put back to a backup one morning, and in another fifth the cloud is one night.
//
// # What is checked
//
// By the numbers of the list that the project is held to, and where:
//
//	 1  what was approved on the screen is in the journal after whatever crash (remember, at each start and at the end; mustNotBeThere)
//	 2  at the end the cloud has every entry of every journal, each once (checkArrived, checkAccounts); what it said that it has it has
//	    (checkGone)
//	 3  every journal verifies, and so does what the cloud has of it (checkJournal, checkArrived); one that was put back is reported, and
//	    no other (checkReports, checkGone; TestACopyIsNoticedAtItsFirstContact)
//	 4  no terminal honoured more of a voucher than there is (checkJournal), nor, put back to a backup, than the cloud knew (checkGone),
//	    and the same request twice is one redemption (redeem)
//	 5  what was confirmed is accepted (checkAccounts), and no hub said yes twice (checkHub)
//	 6  what is spent under a lease is no more than was leased, by whom it was leased to and until it expired (spent, checkLeases), and is
//	    never overrun (checkAccounts)
//	 7  redeemed = accepted + overrun + revoked + invalid, by voucher, campaign and business day (checkAccounts), what is left of each
//	    voucher follows from it (checkLeft), and every overrun is an exception (checkExceptions)
//	 8  when all is quiet, the caches are what the cloud says (checkCache)
//	 9  the same, of changes that were committed while a terminal pulled (checkCache)
//	10  what is at risk offline is within the policy, from the entries themselves and what the cloud said that it has (approved, exposed)
//	11  no clock brings an expired voucher back (approved; TestACounterKeepsTheTimeWhenItStarts, TestAClockThatIsMovedIsTold)
//	12  what was revoked is refused by a newer cache, and by the cloud; no cache is older than the ceiling (approved)
//	13  every redemption has its slip, none is printed twice, and a second one says DUPLICATE (checkSlips)
//	14  when the faults stop, everything drains without anybody's help (calm), every program starts, and a machine that is well does what
//	    it is asked (start, failed)
//
// # The same seed again
//
// Worlds run one after the other in processes with GOMAXPROCS=1. Every choice is drawn from a generator of its own: of a counter's
// cashier, of a counter's n-th call of an endpoint, of the backoff, of crypto/rand. No two waits end at the same instant. What is left are
// the choices of the Go runtime: which ready case of a select goes first, the order of maps, of timers and of goroutines that one instant
// woke, and, by the real clock, who is interrupted while it waits for a disk. make simulate compiles its program with a runtime whose
// choices are drawn from the seed as well (see seededRuntime), and lives the seeds in tens, each ten in a process of its own and from its
// first seed on: there the same seed is the same trace, to the last line, however busy the machine is. A world that broke a promise is lived again to show that, and then a few times
// with only the runtime's choices drawn otherwise (LIFE), which says how much of the fault is a matter of luck.
//
// The few worlds that are a part of the tests do without that: to compile it takes minutes. Of their lives about one in twenty differs from
// others of the same seed, more where a hub is at work, and one that fails may need a few lives to fail again.
//
// # Running it
//
//	make simulate SEEDS=10000            from seed 1 on
//	make simulate SEEDS=1 FROM=4711      a single one, again
//	make simulate SEEDS=1 FROM=4711 LIFE=3   the same, with the runtime's choices drawn otherwise
//
// A failure names its seed and ends with the last events of its trace.
package simulation
