// The exporters themselves: what they cost, and what they could not see.
{
  local config = $._config,
  local lib = (import 'lib.libsonnet')(config),
  local s = lib.series,
  local each(metric) = lib.query(lib.largest(10, s(metric) + '%s'), '{{instance}}'),
  local eachRate(metric) = lib.query(lib.largest(10, 'rate(%s[$__rate_interval]%%s)' % s(metric)), '{{instance}}'),
  local whole = { fieldConfig+: { defaults+: { decimals: 0 } } },
  local orange = lib.thresholds([[1, 'orange']]),

  grafanaDashboards+:: {
    'exporter.json': lib.dashboard('exporter', 'Exporter', 'What the exporters cost their nodes, and what they could not see.', [], [
      lib.row('Health'),
      lib.stat('Up', 'Share of the exporters selected that answer.', 'percentunit', 'avg(%s)' % s('up'), {
        mode: 'absolute',
        steps: [{ color: 'orange', value: null }, { color: 'green', value: 1 }],
      }, 'no target'),
      lib.stat('Slowest scrape', 'Of all selected. Prometheus gives up after 10 s by default.', 's', 'max(%s)' % s('scrape_duration_seconds'), lib.thresholds([[config.slowScrapeSeconds, 'orange']]), 'no target') + { fieldConfig+: { defaults+: { decimals: 2 } } },
      lib.stat('Failing collectors', 'A collector that fails leaves its series out; the others are served. Which it is, is below; why, in the log of the exporter.', 'short', 'count(%s == 0) or 0 * count(%s)' % [s('memleak_scrape_collector_success'), s('memleak_exporter_build_info')], orange, 'no exporter', graph=false),
      lib.stat('Suspects cut', 'Suspects that are not shown one by one, since --process.limit, --group.limit or --cgroup.limit is full of others.', 'short', 'sum(%s)' % s('memleak_scrape_suspects_cut'), orange, 'no exporter', graph=false),
      lib.stat('Slow reads stuck', 'Reads that did not come back: processes that hang in the kernel. They are left alone.', 'short', 'sum(%s)' % s('memleak_slow_reads_stuck'), orange, 'no exporter', graph=false),
      lib.stat('Hidden processes', 'Nodes whose /proc is mounted with hidepid: the exporter does not see all processes there.', 'short', 'sum(%s)' % s('memleak_node_processes_hidden'), orange, 'unknown', graph=false),

      lib.row('Cost'),
      lib.timeSeries('Scrape duration', 'As Prometheus measures it, the ten slowest now. Above the dashed line an alert fires.', 's', [each('scrape_duration_seconds')]) + lib.limits([[config.slowScrapeSeconds, 'orange']]),
      lib.timeSeries('Series per scrape', 'The ten largest now. An ordinary node of 110 pods has about 5,000, none more than 10,000.', 'short', [each('scrape_samples_scraped')]) + whole,
      lib.timeSeries('CPU', 'Cores that the exporters use, the ten busiest now.', 'none', [eachRate('process_cpu_seconds_total')]) + lib.sized(8, 8),
      lib.timeSeries('Memory', 'RSS of the exporters, the ten largest now. It must not leak, either.', 'bytes', [each('process_resident_memory_bytes')]) + lib.sized(8, 8),
      lib.timeSeries('Open descriptors', 'Of the exporters, the ten with the most now.', 'short', [each('process_open_fds')]) + whole + lib.sized(8, 8),
      lib.timeSeries('Duration by collector', 'The ten slowest collectors, on the node where each takes longest.', 's', [
        lib.query('%s\nand topk(10, %s)' % [
          'max by (collector) (%s)' % s('memleak_scrape_collector_duration_seconds'),
          'max by (collector) (%s @ end())' % s('memleak_scrape_collector_duration_seconds'),
        ], '{{collector}}'),
      ]),
      lib.timeSeries('Histories', 'Processes, groups, containers and kinds of memory whose history is kept, 1.3 KB each; the ten nodes with the most.', 'short', [each('memleak_trend_entities')]) + whole,

      lib.row('What was not seen'),
      lib.table('Collectors that fail', 'Which collector, and on which node.', [
        { label: 'collector', name: 'Collector' },
        { label: 'instance', name: 'Node', link: lib.linkTo('exporter', 'This exporter alone', { instance: 'Node' }) },
        { expr: 'topk(20, %s == 0)' % s('memleak_scrape_collector_success') },
      ], 'All collectors work') + lib.sized(8, 8),
      lib.timeSeries('Reads denied', 'Per second, by what was to be read: a permission is missing. CAP_SYS_PTRACE is for descriptors and executables, CAP_SYSLOG for OOM kills.', 'ops', [
        lib.query('sum by (field) (%s)' % lib.rate('memleak_scrape_reads_denied_total'), '{{field}}'),
      ]) + lib.sized(8, 8),
      lib.timeSeries('Processes by outcome', 'Exported one by one, in their group only, too new to be named, gone while they were read, denied, malformed.', 'short', [
        lib.query('sum by (result) (%s)' % s('memleak_scrape_processes'), '{{result}}'),
      ]) + whole + lib.sized(8, 8),
      lib.timeSeries('Reads of evidence', 'Per second, by how they ended, the ten most frequent: mappings and descriptor kinds of suspects, and the heaps of JVMs.', 'ops', [
        lib.query('%s\nand topk(10, %s)' % [
          'sum by (kind, result) (%s)' % lib.rate('memleak_scrape_evidence_reads_total'),
          'sum by (kind, result) (rate(%s[$__rate_interval] @ end())) > 0' % s('memleak_scrape_evidence_reads_total'),
        ], '{{kind}}: {{result}}'),
      ], 'Nothing was read') + lib.sized(8, 8),
      lib.timeSeries('Containers by outcome', 'Exported, cut by --cgroup.limit, without a reason to be shown, malformed.', 'short', [
        lib.query('sum by (result) (%s)' % s('memleak_scrape_cgroups'), '{{result}}'),
      ]) + whole + lib.sized(8, 8),
      lib.table('Versions', 'How many exporters run which version. More than one is a rollout that is not over.', [
        { label: 'version', name: 'Version', width: 75 },
        { label: 'revision', name: 'Revision' },
        { label: 'source', name: 'Source', width: 75 },
        { expr: 'count by (version, revision, source) (%s)' % s('memleak_exporter_build_info'), name: 'Exporters', unit: 'short', width: 90 },
      ], 'No exporter', { name: 'Exporters', desc: true }) + lib.sized(8, 8),
    ]),
  },
}
