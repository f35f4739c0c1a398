package terminal

import "time"

// The tiers of a campaign without an offline policy of its own, by the age of the cache.
const (
	freshCache   = 15 * time.Minute   // younger: as if online
	recentCache  = 24 * time.Hour     // younger: within the default limits
	cacheCeiling = 7 * 24 * time.Hour // older: nothing is honoured alone, and nobody can override that
)

// The default limits of the second tier, in the major unit of the merchant's currency, and in redemptions.
const (
	defaultPerRedemption = 100
	defaultPerTerminal   = 1000
	defaultOfflineCount  = 50
	defaultLowValue      = 20 // of the third tier: single units worth no more than this
)

// Alone is what a terminal knows when no authority answers.
type Alone struct {
	Freshness Freshness
	Exposure  Exposure
}

// judgeOffline says whether an approved outcome may be honoured by this terminal alone: nil, or why not. Every line must pass its
// own campaign's policy, the sum of the exposure counting the lines before it. What one redemption may be worth holds for all lines of a
// campaign together: several vouchers on one bill, or one of them shown again and again, buy no more than one.
func judgeOffline(outcome Outcome, alone Alone, at Situation) *Finding {
	if finding := judgeBarred(alone.Exposure); finding != nil {
		return finding
	}
	age := cacheCeiling + 1
	if !alone.Freshness.ReachedEnd.IsZero() {
		age = at.Now.Upper.Sub(alone.Freshness.ReachedEnd)
	}
	exposure := alone.Exposure
	together := map[string]int64{} // what the lines so far are worth, by campaign
	for _, line := range outcome.Lines {
		if age > cacheCeiling {
			return &Finding{Reason: CacheTooOld, Facts: ageFacts(age, cacheCeiling, alone.Freshness, at)}
		}
		risk := line.atRisk()
		together[line.Campaign.ID] += risk.Minor
		whole := Money{together[line.Campaign.ID], risk.Currency}
		if finding := judgeLineOffline(line, risk, whole, age, exposure, alone.Freshness, at); finding != nil {
			return finding
		}
		exposure.Count++
		exposure.Value.Minor += risk.Minor
	}
	return nil
}

// judgeBarred says that nothing may be honoured without the cloud's yes, whatever a campaign allows: nil, or why.
func judgeBarred(exposure Exposure) *Finding {
	if exposure.Barred == "" {
		return nil
	}
	return &Finding{Reason: OfflineNotAllowed, Facts: map[string]any{"cause": exposure.Barred}}
}

func judgeLineOffline(line OutcomeLine, risk, whole Money, age time.Duration, exposure Exposure, fresh Freshness, at Situation) *Finding {
	policy := line.Campaign.Offline
	if policy == nil {
		return judgeTiers(line, risk, whole, age, exposure, at)
	}
	switch policy.Mode {
	case ModeNever:
		return &Finding{Reason: OfflineNotAllowed}
	case ModeApproval:
		manager := at.Approver != nil && at.Approver.Role.Covers(RoleManager)
		manager = manager || (at.Operator != nil && at.Operator.Role.Covers(RoleManager))
		if !manager {
			return &Finding{Reason: ApprovalRequired, Facts: map[string]any{"amount": risk, "line": "down"}}
		}
	}
	if limit := time.Duration(policy.CacheAgeSeconds) * time.Second; limit > 0 && age > limit {
		return &Finding{Reason: CacheTooOld, Facts: ageFacts(age, limit, fresh, at)}
	}
	if policy.Mode == ModeLimit {
		return overLimits(*policy, risk, whole, exposure)
	}
	return nil
}

// judgeTiers applies the tiers by cache age, where a campaign says nothing.
func judgeTiers(line OutcomeLine, risk, whole Money, age time.Duration, exposure Exposure, at Situation) *Finding {
	currency := line.Campaign.Currency
	switch {
	case age <= freshCache:
		return nil
	case age <= recentCache:
		return overLimits(OfflinePolicy{
			PerRedemption: majorUnits(defaultPerRedemption, currency),
			PerTerminal:   majorUnits(defaultPerTerminal, currency),
			Count:         defaultOfflineCount,
		}, risk, whole, exposure)
	}
	low := *majorUnits(defaultLowValue, currency)
	if own := at.Settings.Store.OfflineLowValue; own != nil && own.Currency == currency {
		low = *own
	}
	if whole.Minor > low.Minor || (line.Units > 1 && line.Campaign.Kind != KindBalance) {
		return &Finding{Reason: OfflineLimit, Facts: map[string]any{"limit": low, "amount": whole}}
	}
	return nil
}

// overLimits holds one more redemption worth risk, with the others of its campaign on the bill worth whole, against a policy's limits.
func overLimits(policy OfflinePolicy, risk, whole Money, exposure Exposure) *Finding {
	switch {
	case policy.PerRedemption != nil && whole.Minor > policy.PerRedemption.Minor:
		return &Finding{Reason: OfflineLimit, Facts: map[string]any{"limit": *policy.PerRedemption, "amount": whole}}
	case policy.PerTerminal != nil && exposure.Value.Minor+risk.Minor > policy.PerTerminal.Minor:
		return &Finding{Reason: OfflineLimit, Facts: map[string]any{"limit": *policy.PerTerminal, "amount": risk,
			"used": Money{exposure.Value.Minor, risk.Currency}}}
	case policy.Count > 0 && exposure.Count+1 > policy.Count:
		return &Finding{Reason: OfflineLimit, Facts: map[string]any{"most": policy.Count, "count": exposure.Count}}
	}
	return nil
}

// OfflineBound is what terminals honour without the cloud at the most.
type OfflineBound struct {
	Worth     *Money // of what the cloud has not acknowledged; nil where nothing is honoured alone, or worth is not limited
	Count     int64  // redemptions; 0 where their number is not limited
	Unlimited bool   // some offer's policy limits neither
}

// BoundOffline is the most that one terminal honours by the policies of campaigns before the cloud hears of it: each of them counts what was
// honoured under all, so that the widest holds. The tiers count as their second: the quarter of an hour before it is as if online.
func BoundOffline(campaigns []Campaign) OfflineBound {
	var bound OfflineBound
	var most int64
	counted := true
	for _, campaign := range campaigns {
		policy := campaign.Offline
		if policy == nil {
			policy = &OfflinePolicy{Mode: ModeLimit, PerTerminal: majorUnits(defaultPerTerminal, campaign.Currency), Count: defaultOfflineCount}
		}
		worth := policy.PerTerminal
		switch {
		case policy.Mode == ModeNever:
			continue
		case policy.Mode != ModeLimit:
			bound.Unlimited = true
			continue
		case worth == nil && policy.Count > 0 && policy.PerRedemption != nil:
			if product := policy.PerRedemption.Minor * policy.Count; product/policy.Count == policy.PerRedemption.Minor {
				worth = &Money{product, policy.PerRedemption.Currency}
			}
		}
		if worth == nil {
			bound.Unlimited = true
			continue
		}
		if bound.Worth == nil || (worth.Currency == bound.Worth.Currency && worth.Minor > bound.Worth.Minor) {
			bound.Worth = &Money{worth.Minor, worth.Currency}
		}
		most, counted = max(most, policy.Count), counted && policy.Count > 0
	}
	if counted && !bound.Unlimited {
		bound.Count = most
	}
	return bound
}

func majorUnits(n int64, currency string) *Money {
	for range CurrencyDigits(currency) {
		n *= 10
	}
	return &Money{n, currency}
}

func ageFacts(age, limit time.Duration, fresh Freshness, at Situation) map[string]any {
	facts := map[string]any{"most_hours": int64(limit.Hours()), "most_seconds": int64(limit.Seconds())}
	if !fresh.ReachedEnd.IsZero() {
		facts["age_hours"], facts["age_seconds"] = int64(age.Hours()), int64(age.Seconds())
		facts["at"] = fresh.ReachedEnd.In(at.Zone)
	}
	return facts
}
