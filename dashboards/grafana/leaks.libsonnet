// All nodes at once: who leaks, how fast, how long is left. Everything here is cheap for thousands of
// nodes: tables are instant queries, and what is drawn over time are recorded series of suspects and of
// nodes.
{
  local config = $._config,
  local d = (import '../durations.libsonnet')(config.timeScale),
  local lib = (import 'lib.libsonnet')(config),
  local s = lib.series,

  local exporters = s('memleak_exporter_build_info'),
  // A count of what is seldom there: 0 where there are exporters and nothing was found, absent where
  // there is no exporter to tell.
  local counted(expression) = 'count(%s) or 0 * count(%s)' % [expression, exporters],
  local summed(expression) = 'sum(%s) or 0 * count(%s)' % [expression, exporters],
  local orange = lib.thresholds([[1, 'orange']]),

  // A footprint is of the group: it goes to each row that the group has, and each has a resource.
  local bySuspect(expression) = '%s * ignoring (resource) group_right () %s' % [expression, s('group:memleak_leak_suspected:any', 'resource=~"memory|shmem"')],

  local node = { label: 'instance', name: 'Node', width: 130, link: lib.linkTo('node', 'The node', { instance: 'Node' }) },
  local group = { label: 'group', name: 'Group', link: lib.linkTo('process', 'Its processes', { instance: 'Node', group: 'Group' }) },
  local perHour = { name: 'Growth per hour', unit: 'bytes', width: 150 },
  local timeLeft = {
    name: 'Time left',
    unit: 's',
    decimals: 1,
    width: 120,
    thresholds: lib.timeLeft,
  },

  grafanaDashboards+:: {
    'leaks.json': lib.dashboard('leaks', 'Leaks', 'What leaks on the nodes that are selected, how fast, and how long is left.', [], [
      lib.row('At a glance'),
      lib.stat('Nodes', 'How many exporters report. A node that is missing here is not watched: see the dashboard Exporter.', 'short', 'count(%s)' % exporters, none='no exporter'),
      lib.stat('Suspected groups', 'Groups of processes whose memory, shared memory or descriptors grow as a leak does. Look for them in the tables below.', 'short', summed(s('node:memleak_suspected_groups:count')), orange, 'no exporter'),
      lib.stat('Full within a day', 'Groups that reach their limit, or that of their node, within 24 hours if they go on growing as they do. The shortest are in the table of worst groups.', 'short', counted('%s < %s' % [s('memleak_group_exhaustion_seconds'), d.number(config.exhaustion.warning.seconds)]), orange, 'no exporter', graph=false),
      lib.stat('Nodes running low', 'Nodes of which less than %d %% of the memory is available now, page cache counted as available. Go to the dashboard Node.' % (100 * config.memoryLow.warning.left), 'short', counted('%s < %g' % [s('node:memleak_memory_available:ratio'), config.memoryLow.warning.left]), orange, 'no exporter'),
      lib.stat('OOM kills', 'Processes that the kernel killed for want of memory in the time that is shown. Whom is in the table at the end.', 'short', 'round(sum(increase(%s[$__range])))' % s('memleak_node_oom_kills_total'), orange, 'unknown', graph=false),
      lib.stat('Exporters down', 'Targets that Prometheus cannot scrape: nothing is known of these nodes.', 'short', 'count(%s == 0) or 0 * count(%s)' % [s('up'), s('up')], orange, 'no target'),

      lib.row('Suspects'),
      lib.table('Suspected memory leaks', 'Groups whose memory leaks, the fastest first. Growth is that of the lowest points, so that garbage collection does not hide it. Click a group for its processes and the evidence. Shared memory is not in the footprint.', [
        group,
        node,
        { label: 'resource', name: 'What', width: 100, mappings: [{ type: 'value', options: { shmem: { text: 'shared memory', index: 0 } } }] },
        perHour { expr: '3600 * %s' % s('group:memleak_growth_per_second:suspects', 'resource=~"memory|shmem"') },
        timeLeft { expr: s('group:memleak_exhaustion_seconds:suspects', 'resource="memory"') },
        { expr: bySuspect(s('group:memleak_footprint_bytes:suspects')), name: 'Footprint', unit: 'bytes', width: 120 },
        { expr: bySuspect('(%s - %s)' % [s('group:memleak_footprint_bytes:suspects'), s('group:memleak_baseline_bytes:suspects')]), name: 'Since baseline', unit: 'bytes', width: 130 },
      ], 'No memory leak is suspected', { name: 'Growth per hour', desc: true }) + lib.sized(24, 7),
      lib.table('Suspected descriptor leaks', 'Groups whose open descriptors grow as a leak does. What kinds of descriptors they are is on the dashboard Process.', [
        group,
        node,
        { expr: '3600 * %s' % s('group:memleak_growth_per_second:suspects', 'resource="fds"'), name: 'Growth per hour', unit: 'short', decimals: 0, width: 130 },
        timeLeft { width: 100, expr: s('group:memleak_exhaustion_seconds:suspects', 'resource="fds"') },
        { expr: 'label_replace(%s, "resource", "fds", "", "")' % s('group:memleak_open_fds:suspects'), name: 'Open', unit: 'short', decimals: 0, width: 70 },
      ], 'No descriptor leak is suspected', { name: 'Growth per hour', desc: true }) + lib.sized(11, 7),
      lib.table('Alerts that fire', 'What Prometheus alerts on now. The runbook of each says how to go on.', [
        { label: 'alertname', name: 'Alert', width: 270 },
        { label: 'severity', name: 'Severity', width: 90 },
        node,
        group,
        { expr: 'ALERTS{alertname=~"Memleak.+", alertstate="firing", %s}' % lib.selected },
      ], 'Nothing fires') + {
        fieldConfig+: { overrides+: [
          {
            matcher: { id: 'byName', options: 'Severity' },
            properties: [
              { id: 'custom.cellOptions', value: { type: 'color-text' } },
              {
                id: 'mappings',
                value: [{
                  type: 'value',
                  options: {
                    [config.severities.page]: { color: 'red', index: 0 },
                    [config.severities.ticket]: { color: 'orange', index: 1 },
                    [config.severities.information]: { color: 'blue', index: 2 },
                  },
                }],
              },
            ],
          },
        ] },
      } + lib.sized(13, 7),
      lib.timeSeries('Suspected groups over time', 'How many groups were suspected, by what leaks. A step up after a rollout names the culprit.', 'short', [
        lib.query('count by (resource) (%s)' % s('group:memleak_leak_suspected:any'), '{{resource}}'),
      ], 'No leak was suspected') + { fieldConfig+: { defaults+: { decimals: 0 } } },
      lib.timeSeries('Footprint of suspects', 'RssAnon and swap of the ten largest suspects. A leak climbs without a plateau, also at night.', 'bytes', [
        lib.query(lib.largest(10, s('group:memleak_footprint_bytes:suspects') + '%s'), '{{group}} on {{instance}}'),
      ], 'No leak was suspected'),

      lib.row('Worst'),
      lib.table('Top ten by resident memory', 'The largest processes now. Large is not leaking: look at the change since the baseline, the lowest footprint in the first minutes of a life.', [
        group,
        node,
        { label: 'pid', name: 'PID', width: 80 },
        { expr: 'topk(10, %s)' % s('memleak_process_resident_memory_bytes'), name: 'RSS', unit: 'bytes', width: 100 },
        { expr: '%s - %s\nand topk(10, %s)' % [s('memleak_process_footprint_bytes'), s('memleak_process_baseline_bytes'), s('memleak_process_resident_memory_bytes')], name: 'Since baseline', unit: 'bytes', width: 120 },
      ], 'No process is shown one by one', { name: 'RSS', desc: true }) + lib.sized(12, 9),
      lib.table('Worst groups', 'The groups that run out first if they go on growing as they do, suspected or not.', [
        group,
        node,
        timeLeft { expr: 'bottomk(10, %s)' % s('memleak_group_exhaustion_seconds') },
        perHour { width: 130, expr: '3600 * (%s and bottomk(10, %s))' % [s('memleak_group_growth_bytes_per_second'), s('memleak_group_exhaustion_seconds')] },
      ], 'Nothing grows towards its limit', { name: 'Time left', desc: false }) + lib.sized(12, 9),

      lib.row('Nodes'),
      lib.timeSeries('Least available memory', 'Share of memory that is available, of the ten nodes that have the least now. Below the dashed lines alerts fire.', 'percentunit', [
        lib.query(lib.smallest(10, s('node:memleak_memory_available:ratio') + '%s'), '{{instance}}'),
      ]) + lib.most(1) + lib.limits([[config.memoryLow.critical.left, 'red'], [config.memoryLow.warning.left, 'orange']]) + lib.sized(8, 8),
      lib.table('Whom the kernel killed', 'The last kill of each group in the time that is shown. A victim that was many times its baseline confirms a leak.', [
        group,
        node,
        { label: 'scope', name: 'Limit of', width: 90 },
        { expr: '1000 * topk(20, %s > time() - $__range_s)' % s('memleak_oom_last_kill_timestamp_seconds'), name: 'Killed', unit: 'dateTimeFromNow', width: 130 },
        { expr: '%s\nand %s > time() - $__range_s' % [s('memleak_oom_last_kill_anon_memory_bytes'), s('memleak_oom_last_kill_timestamp_seconds')], name: 'Held', unit: 'bytes', width: 100 },
        { expr: '%s\nand %s > time() - $__range_s' % [s('memleak_oom_last_kill_baseline_ratio'), s('memleak_oom_last_kill_timestamp_seconds')], name: 'Times its baseline', unit: 'none', decimals: 1, width: 140 },
      ], 'Nothing was killed', { name: 'Killed', desc: true }) + lib.sized(16, 8),
    ]),
  },
}
