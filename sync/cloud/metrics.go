package cloud

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"countersign/sync/api"
	"countersign/terminal"
)

// Figures are what who runs the cloud watches of a merchant.
type Figures struct {
	Merchant   string
	Terminals  map[string]int64 // by state: live, suspended
	Pending    int64            // entries that terminals had not sent when they were last heard
	PendingFor time.Duration    // how long ago the one with pending entries was last heard that is silent the longest
	Silence    time.Duration    // of the live terminal that is silent the longest
	Unplaced   int64            // changes that have no place in the feed yet
	Open       map[string]int64 // exceptions that are open, by kind
	Overruns   int64            // units of open overruns that nothing has paid off yet
	AtRisk     []terminal.Money // what open exceptions may cost, a currency each
	ClockSteps int64            // that terminals journalled
	Holds      int64            // claims that are open
	Awaited    int64            // terminals that have not sent again since the database was put back to an older copy
	Leases     int64            // open ones
	Hubs       int64            // stores that have a hub
	HubSilence time.Duration    // since the hub was last heard that is silent the longest
	// Hooks are webhooks by state: live, failing, disabled.
	Hooks     map[string]int64
	Untold    int64         // deliveries that wait
	UntoldFor time.Duration // the oldest of them
	GivenUp   int64         // deliveries that no webhook took, ever
}

// metrics are the figures of this process, and of the database when they are asked for.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	claims   prometheus.Histogram
	polls    prometheus.Gauge
}

// figuresBudget is how long the database may take to answer Prometheus, which waits ten seconds where nobody says otherwise.
const figuresBudget = 5 * time.Second

func newMetrics(storage Storage, log interface{ Error(string, ...any) }, now func() time.Time) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "countersign_cloud_requests_total", Help: "Requests by operation and status."}, []string{"operation", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "countersign_cloud_request_seconds", Help: "How long requests took; long polls wait on purpose.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 12)}, []string{"operation"}),
		claims: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "countersign_cloud_claim_seconds", Help: "How long claims took, while a cashier waited.",
			Buckets: []float64{.001, .0025, .005, .01, .02, .035, .05, .075, .1, .2, .35, .5, .7, 1, 2.5, 5}}),
		polls: prometheus.NewGauge(prometheus.GaugeOpts{Name: "countersign_cloud_long_polls", Help: "Terminals that wait for a change."}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.claims, m.polls, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &databaseFigures{storage, log, now})
	return m
}

// answered counts a request.
func (m *metrics) answered(pattern string, status int, took time.Duration) {
	operation := "none"
	if pattern != "" && pattern != "/" {
		operation = pattern
	}
	m.requests.WithLabelValues(operation, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(operation).Observe(took.Seconds())
	if operation == "POST /v1/claims" && status == http.StatusOK {
		m.claims.Observe(took.Seconds())
	}
}

// databaseFigures asks the database when Prometheus asks.
type databaseFigures struct {
	storage Storage
	log     interface{ Error(string, ...any) }
	now     func() time.Time
}

func figure(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("countersign_cloud_"+name, help, append([]string{"merchant"}, labels...), nil)
}

var (
	figureTerminals  = figure("terminals", "Terminals by state.", "state")
	figurePending    = figure("pending_entries", "Journal entries that terminals had not sent when they were last heard.")
	figureOldest     = figure("oldest_unacknowledged_seconds", "Since a terminal with pending entries was last heard: the oldest unacknowledged entry is at least as old.")
	figureSilence    = figure("terminal_silence_seconds", "Since the live terminal was last heard that is silent the longest.")
	figureUnplaced   = figure("feed_lag_changes", "Changes that have no place in the feed yet.")
	figureExceptions = figure("exceptions_open", "Exceptions that wait for a manager, by kind; journal_fork are forks.", "kind")
	figureOverruns   = figure("overrun_units_open", "Units used more often than allowed, and not paid off by a reversal.")
	figureRisk       = figure("value_at_risk_minor", "What open exceptions may cost, in minor units of the currency.", "currency")
	figureClock      = figure("clock_anomalies_total", "Steps of the wall clock that terminals journalled.")
	figureHolds      = figure("claims_open", "Claims that hold units.")
	figureAwaited    = figure("terminals_awaited", "Terminals that have not sent again since the database was put back to an older copy: until then the cloud vouches for nothing.")
	figureLeases     = figure("leases_open", "Leases that are open.")
	figureHubs       = figure("hubs", "Stores that have a hub.")
	figureHubSilence = figure("hub_silence_seconds", "Since the hub was last heard that is silent the longest.")
	figureHooks      = figure("webhooks", "Webhooks by state; failing are those whose last delivery was not taken.", "state")
	figureUntold     = figure("webhook_deliveries_waiting", "Deliveries that no webhook has taken yet.")
	figureUntoldFor  = figure("webhook_oldest_waiting_seconds", "How long the oldest of them has waited.")
	figureGivenUp    = figure("webhook_deliveries_given_up_total", "Deliveries that were given up.")
	figureDatabase   = prometheus.NewDesc("countersign_cloud_database_up", "1 where the database answered for these figures, and else 0: then those that it would tell are missing.", nil, nil)
	figureRetries    = prometheus.NewDesc("countersign_cloud_transaction_retries_total", "Transactions that began again because others were in their way.", nil, nil)
)

// Describe implements prometheus.Collector.
func (d *databaseFigures) Describe(into chan<- *prometheus.Desc) {
	for _, one := range []*prometheus.Desc{figureTerminals, figurePending, figureOldest, figureSilence, figureUnplaced, figureExceptions, figureOverruns,
		figureRisk, figureClock, figureHolds, figureAwaited, figureLeases, figureHubs, figureHubSilence, figureHooks, figureUntold, figureUntoldFor,
		figureGivenUp, figureRetries, figureDatabase} {
		into <- one
	}
}

// Collect implements prometheus.Collector.
func (d *databaseFigures) Collect(into chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), figuresBudget)
	defer cancel()
	all, retries, err := d.storage.Figures(ctx, d.now())
	if err != nil {
		d.log.Error("the figures cannot be read", "error", err)
		into <- prometheus.MustNewConstMetric(figureDatabase, prometheus.GaugeValue, 0)
		return
	}
	into <- prometheus.MustNewConstMetric(figureDatabase, prometheus.GaugeValue, 1)
	into <- prometheus.MustNewConstMetric(figureRetries, prometheus.CounterValue, float64(retries))
	for _, f := range all {
		gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
			into <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, append([]string{f.Merchant}, labels...)...)
		}
		for state, n := range f.Terminals {
			gauge(figureTerminals, float64(n), state)
		}
		for kind, n := range f.Open {
			gauge(figureExceptions, float64(n), kind)
		}
		for _, money := range f.AtRisk {
			gauge(figureRisk, float64(money.Minor), money.Currency)
		}
		gauge(figurePending, float64(f.Pending))
		gauge(figureOldest, f.PendingFor.Seconds())
		gauge(figureSilence, f.Silence.Seconds())
		gauge(figureUnplaced, float64(f.Unplaced))
		gauge(figureOverruns, float64(f.Overruns))
		gauge(figureHolds, float64(f.Holds))
		gauge(figureAwaited, float64(f.Awaited))
		gauge(figureLeases, float64(f.Leases))
		gauge(figureHubs, float64(f.Hubs))
		gauge(figureHubSilence, f.HubSilence.Seconds())
		for state, n := range f.Hooks {
			gauge(figureHooks, float64(n), state)
		}
		gauge(figureUntold, float64(f.Untold))
		gauge(figureUntoldFor, f.UntoldFor.Seconds())
		into <- prometheus.MustNewConstMetric(figureGivenUp, prometheus.CounterValue, float64(f.GivenUp), f.Merchant)
		into <- prometheus.MustNewConstMetric(figureClock, prometheus.CounterValue, float64(f.ClockSteps), f.Merchant)
	}
}

// serveMetrics answers Prometheus: who asks on this machine, where that is said to be safe, or has a token for all merchants.
func (s *server) serveMetrics(answer http.ResponseWriter, r *http.Request) error {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	local := err == nil && s.options.OpenMetrics && net.ParseIP(host).IsLoopback()
	if !local {
		held, err := s.admin(r)
		if err != nil {
			return err
		}
		if held.Merchant != "" {
			return problem(http.StatusForbidden, "invalid_token", "The figures are those of all merchants, and the token is for one.")
		}
	}
	r.URL.Path = "/metrics"
	s.mux.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), metricsKey{}, r)))
	return nil
}

type metricsKey struct{}

// figuresAnswer is the answer that Prometheus' own library writes, which asks the request what it takes.
type figuresAnswer struct {
	metrics *metrics
	request *http.Request
}

// VisitMetricsResponse implements api.MetricsResponseObject.
func (f figuresAnswer) VisitMetricsResponse(w http.ResponseWriter) error {
	promhttp.HandlerFor(f.metrics.registry, promhttp.HandlerOpts{DisableCompression: true}).ServeHTTP(w, f.request)
	return nil
}

// Metrics implements api.StrictServerInterface.
func (s *server) Metrics(ctx context.Context, _ api.MetricsRequestObject) (api.MetricsResponseObject, error) {
	request, ok := ctx.Value(metricsKey{}).(*http.Request)
	if !ok {
		return nil, problem(http.StatusNotFound, "not_found", "There is no such address here: check the cloud's URL.")
	}
	return figuresAnswer{s.metrics, request}, nil
}

// isMetrics reports whether a request is Prometheus'.
func isMetrics(path string) bool { return strings.TrimSuffix(path, "/") == "/metrics" }
