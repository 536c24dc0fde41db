// What a site may want to change. Import mixin.libsonnet and override fields of `_config+::`.
{
  _config+:: {
    // Which series are the exporter's. Every selector of every rule has this matcher.
    memleakSelector: 'job=~".*memleak.*"',
    // Which label says what cluster a series is from. It may be absent everywhere.
    clusterLabel: 'cluster',

    // Multiplies every window, `for`, interval and predicted time, and nothing else: 1/60 runs the
    // same rules over seconds, beside an exporter with --trend.slot=1s.
    timeScale: 1,

    // How often rules are judged, in seconds: `every` those that page, `slowly` those that read long
    // windows of thinned series.
    every: 60,
    slowly: 300,

    runbookUrl: 'https://github.com/memleak-exporter/memleak_exporter/blob/main/dashboards/runbooks/%s.md',
    // Where Grafana is, without a slash at the end. '' leaves the links out of alerts.
    grafanaUrl: '',

    severities: { page: 'critical', ticket: 'warning', information: 'info' },

    // All `hold` are seconds for which a rule must be true before it alerts.
    // A suspicion has asked for two windows in a row already.
    leakHoldSeconds: 0,
    // Exhaustion: predicted within so many seconds, and no more than this share of the limit left.
    exhaustion: {
      warning: { seconds: 24 * 3600, left: 0.4, hold: 15 * 60 },
      critical: { seconds: 4 * 3600, left: 0.2, hold: 5 * 60 },
    },
    // What still grows so close to its limit pages before anyone can say whether it leaks.
    imminent: { seconds: 3600, left: 0.1 },
    descriptorExhaustion: self.exhaustion,
    // MemAvailable below this share of the node's memory now.
    memoryLow: {
      warning: { left: 0.1, hold: 15 * 60 },
      critical: { left: 0.05, hold: 5 * 60 },
    },
    swapHoldSeconds: 30 * 60,
    // Bytes per second that come back from swap: somebody needs what was swapped out.
    swappingIn: 256 * 1024,
    // Share of time in which some task (warning) or every task (critical) waits for memory.
    pressure: {
      warning: { share: 0.1, hold: 15 * 60 },
      critical: { share: 0.05, hold: 15 * 60 },
    },
    // One instance against its siblings: so many times what is typical, and so much more.
    siblings: { atLeast: 3, times: 2, atLeastBytes: 128 * 1024 * 1024, hold: 30 * 60 },
    // OOM kills of one group within an hour.
    repeatedKills: 3,
    // A scrape that takes longer is about to hit Prometheus' own timeout of 10 s.
    slowScrapeSeconds: 5,

    dashboardTags: ['memleak'],
    dashboardRefresh: '1m',
  },
}
