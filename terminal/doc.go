// Package terminal is the domain of a shop's counter: what a voucher is, when it is honoured, and what is recorded of it.
//
// A Terminal takes a scan through its life, and terminal.go tells it from top to bottom. Scan reads the code, finds the voucher in
// the cache, and lets Decide, which is pure, say what is to be done. Redeem does the same and then goes up the ladder: it claims
// the voucher from an Authority, or, where nobody answers, holds it against the offline policy; and it appends the redemption to
// the Journal, where Decide runs once more inside the transaction that writes it. Only a redemption whose COMMIT has returned is
// ever called one (Outcome.Redeemed). The package imports the standard library alone and has no goroutine, clock, file or socket
// of its own: everything that has is one of the Parts, described in ports.go and implemented in the packages below this one.
//
// What follows are the rules, for who brings vouchers of a platform of their own.
//
// # Kinds and units
//
// A voucher has units, and each use takes some of them (Kind, Voucher.Units). A product and a booking are used once. A discount is
// used once, and takes a percentage with an optional cap, or an amount, off a bill. A pass has several uses; how many at once is
// asked where it can be more than one. A balance is stored value: its units are minor units of its currency, and the amount is
// asked. A pickup is an order to collect: its units are its lines, and all lines that are open are handed over unless some are named.
// Of what was paid for several units, and of what they are worth, each use is booked with its share: what all units up to its last one come to,
// less what stands booked before it. Together the uses are the whole to the cent, also after some were undone, as far as this terminal made
// them. A reversal takes back what its units were booked with.
//
// What is missing comes back as Outcome.Asks, and the same request with the answer in it goes on: nothing is kept in between.
//
// A voucher's own net use at one terminal never exceeds its units, whatever a row of the cache says. What is left is the row's units
// less those the cloud counted (Voucher.Used), less this terminal's own later than Row.Included.
//
// # Rules
//
// Rules stand in the campaign, in the voucher, or in both. Both must hold: a voucher narrows its campaign and widens nothing. All are
// judged without asking anybody, in the store's time zone:
//
//   - valid_from and valid_until, both inclusive, must hold at both bounds of the true time (Reading.Lower and Upper). Certainly before
//     is not_yet_valid, certainly after is expired; true at one bound only is clock_untrusted.
//   - hours are stretches of the week by the wall clock, from the first minute to before the last. One that ends at or before its
//     beginning runs past midnight and belongs to the weekday it began on. Outside all of them is outside_hours.
//   - blackout lists business days, which begin at the store's business_day_starts: the night after a day belongs to it.
//   - stores and terminals say where: wrong_store, wrong_terminal.
//   - units_at_once is the most units of a pass in one use: units_limit.
//   - minimum_bill is held against the bill as stated ("before"), or against what the other discounts leave of it ("after"; balances
//     are payments, not discounts): minimum_spend.
//   - per_customer counts the units that one customer used of the campaign, in all stores, on the business day, in the week from
//     Monday to Sunday, in the calendar month of business days, or ever: customer_limit. A voucher whose customer nobody knows counts
//     for itself alone. per_day counts everybody's, in the store or everywhere: campaign_limit. A payment from a balance counts one,
//     however much it was, as long as anything of it stands. Other lines of the same bill count, and at the cloud what others hold.
//     What is undone comes off the business day of the redemption, so that it can be used again. Alone, a terminal counts what it was
//     last told and what it did itself.
//   - exclusive vouchers stand on a bill with no other: not_combinable.
//   - slot is how long before and after its beginning a booking is honoured: slot_too_early, slot_too_late. How far beyond that a
//     manager may approve it is the merchant's to say, too (SlotGrace.ApprovalSeconds); where it says nothing, nobody may.
//   - role is the least role that may redeem, of the operator or of the approver: operator_not_allowed. A technician never redeems.
//   - approval_above asks for a manager where a line is worth more: its amount, else its discount, else the value at the counter, else
//     the price.
//
// # Clock changes
//
// A time without an offset is read in each store's own zone. One that comes twice, on the night clocks go back, means the first as a
// beginning and the second as an end; one that never comes, on the night they go forward, means the instant of the change at both
// ends: the doubtful hour is the customer's. Hours follow the wall clock: the hour that comes twice counts twice, and the one that
// never comes not at all. The business day is the wall clock's as well. See Moment.
//
// # Several vouchers on one bill
//
// All are honoured or none, in one entry with one slip and one claim. Percentages come first, each off what the ones before it left;
// then amounts, never more than is left; then balances, which pay. Among the same sort the order of the scans decides. Shares are
// rounded half up to the minor unit. With Request.WholeOrder one scan takes the other vouchers of its order along, those that are not used up
// or withdrawn; Outcome.Order tells that there are some. The code that was shown is the proof for all of them.
//
// # Reasons
//
// A decline lists every reason that applies (Outcome.Findings), in the one published order of Reasons: the code or token, refunded or
// revoked, used, expired, place, time, limits, the bill, the operator, the device. The first is shown. Each Reason has one cause. A manager
// may approve approval_required and clock_untrusted, a slot within the leave that its rule gives, and nothing else: what a merchant's
// terms exclude is no manager's to grant. Where a code is not known the reasons of the other vouchers of the bill are listed as well. Reasons that a newer row could lift (a voucher that is unknown,
// withdrawn, used up, held or at its limit) are asked of the authority before they are final, also where this terminal's own journal
// shows it: another may have taken it back, or have honoured some of what is left. The others are answered at once. Check, which no claim follows, asks before it says yes, too. A token under a key that is
// not known here (unknown_issuer) has the authority fetch the keys, once a minute at most, and is read again; revoked keys are not asked about.
//
// # Alone
//
// Where no authority answers, each line must pass its campaign's OfflinePolicy (and Scan says so before anybody redeems, while the line
// is known to be down): allow; limit (per redemption, per terminal, number:
// counting what the cloud has not acknowledged); approval by a manager; or never (offline_not_allowed). Over a limit is offline_limit,
// and a cache older than the policy's cache_age is cache_too_old. A campaign without a policy has tiers by the age of the cache: up to 15
// minutes everything; up to 24 hours at most 100 per redemption, 1,000 and 50 redemptions per terminal, in the merchant's currency; up
// to 7 days single units worth at most 20, or the store's offline_low_value. Over 7 days nothing is honoured, under any policy and by
// anybody's leave. Value at risk is the price, else the value, else the amount.
//
// What terminals honour while they are apart can exceed what a voucher or a limit allows. Nothing is undone. The first to arrive at the
// cloud is accepted; a voucher used more often than it allows has the verdict overrun, and an exception. A limit per customer or
// per day that is exceeded changes no verdict, since each voucher was good; it is an exception as well (customer_limit,
// campaign_limit), which reversals close once the limit is kept again.
//
// # Leases
//
// What the cloud has reserved to this terminal (Lease) is honoured without a question, online or offline, until the lease expires at the latest
// that it can be, within its business day and in its epoch of the journal. Every line of a bill must be covered, or the bill is
// claimed whole. What is spent of a lease is everything that this terminal redeemed of the voucher in entries after the one at which it
// asked, however assured; what is taken back is not spendable under it again. The rules above hold as ever. A lease of a campaign's
// limit per day says nothing of a voucher: it keeps what others may count. What terminals ask for is OfflinePolicy.Lease's to say.
//
// # The store's hub
//
// A terminal can be its store's hub: it answers the others on the shop's network, and forwards to the cloud while it has a line. What it
// grants alone is of assurance store: not twice through this hub. While it was heard a moment ago and does not answer, a claim is repeated
// for a second and then the cashier is asked (MissingHub): to try again, or to go on without it (Request.Alone), by the rules below.
//
// # Epochs and clock steps
//
// A journal that was restored, or that another copy of it has overtaken, goes on in a new epoch (BeginEpoch): an entry names its own head
// and the other's, leases are void, receipts are numbered anew, and only what the cloud confirms is honoured until a cache that was
// filled from nothing counts that entry. The same holds while the key is known to be in use on several machines, or an entry is gone:
// offline_not_allowed, with the cause. Whoever moves the wall clock by two seconds or more leaves an entry (NoteClock), also while the
// program is off within one boot.
//
// # Reversal
//
// A redemption is never deleted: a reversal is a later fact. Whole, or some units of a redemption with one line. A cashier takes back what
// is his own, for 60 minutes; a manager, or a cashier with a manager's approval, anybody's until the business day ends; a campaign
// may say otherwise for each role (ReversalPolicy), and a manager never has less time than a cashier. The time is counted by the machine's
// own count within one boot, and else by the latest time it can be now: a clock set back gains nothing. Offline only the terminal that redeemed may reverse. Another terminal's
// redemption, named by its uid, takes a yes from the authority: not_this_terminal without an answer. The units are usable again
// at once; at the terminal that redeemed them, when another took them back, as soon as an authority says so (Row.Undone). A terminal
// that is suspended takes nothing back: terminal_suspended. No reversal is reversed. Where nobody signs in, everybody counts as the cashier whose redemption it is.
//
// # Operators
//
// A PIN is checked against the cache's hash, offline. After five wrong ones in a row the operator is locked out for five minutes, and twice
// as long with each further one, up to an hour: wrong_pin, pin_locked. The entry names who did it, and who approved where the approval
// counted: another person, without whose agreement it would not have been approved.
package terminal
