// The processes of a group: does it leak, is it load, what is the evidence.
{
  local config = $._config,
  local lib = (import 'lib.libsonnet')(config),
  local ofGroup = 'group=~"$group"',
  local ofProcess = ofGroup + ', pid=~"$pid"',
  local g(metric) = lib.series(metric, ofGroup),
  local p(metric, more='') = lib.series(metric, ofProcess + (if more == '' then '' else ', ' + more)),
  local who = '{{comm}} {{pid}}',
  local sum(metric, legend) = lib.query('sum(%s)' % p(metric), legend),
  local each(metric) = lib.query(lib.largest(10, p(metric) + '%s'), who),
  local eachRate(metric) = lib.query(lib.largest(10, 'rate(%s[$__rate_interval]%%s)' % p(metric)), who),

  local verdict = {
    fieldConfig+: { defaults+: { mappings: [{
      type: 'value',
      options: { '0': { text: 'not suspected', index: 0 }, '1': { text: 'suspected', index: 1 } },
    }] } },
  },

  grafanaDashboards+:: {
    'process.json': lib.dashboard('process', 'Process', 'The processes of a group: memory by kind, growth beside load and age, how long is left, and the evidence.', [
      lib.variable('group', 'Group', 'label_values(%s, group)' % lib.series('memleak_process_footprint_bytes')) + lib.chosen,
      lib.variable('pid', 'PID', 'label_values(%s, pid)' % lib.series('memleak_process_footprint_bytes', ofGroup)) + { sort: 3 },
    ], [
      lib.row('Verdict'),
      lib.stat('Memory', 'Whether the memory of the group, or of one of its processes, grows as a leak does. "Too early" in the first minutes of a life.', 'none', 'max(%s or %s)' % [g('memleak_group_leak_suspected'), p('memleak_process_leak_suspected')], lib.thresholds([[1, 'orange']]), 'too early to tell', graph=false) + verdict,
      lib.stat('Descriptors', 'The same for open descriptors: files, sockets, pipes and others that are never closed.', 'none', 'max(%s or %s)' % [g('memleak_group_fd_leak_suspected'), p('memleak_process_fd_leak_suspected')], lib.thresholds([[1, 'orange']]), 'too early to tell', graph=false) + verdict,
      lib.stat('Growth per hour', 'Growth of the lowest points of the footprint of the group, added up over the nodes selected.', 'bytes', '3600 * sum(%s)' % g('memleak_group_growth_bytes_per_second'), lib.neutral, 'too early to tell'),
      lib.stat('Time left', 'Until the first of the processes reaches its limit or the group reaches its own, if growth goes on as it does.', 's', 'min(%s or %s)' % [g('memleak_group_exhaustion_seconds'), p('memleak_process_exhaustion_seconds')], lib.timeLeft, 'not growing', graph=false) + { fieldConfig+: { defaults+: { decimals: 1 } } },
      lib.stat('Footprint', 'RssAnon and swap of the processes selected: what leaks.', 'bytes', 'sum(%s)' % p('memleak_process_footprint_bytes'), lib.neutral, 'no process'),
      lib.stat('Since baseline', 'Footprint now less the lowest one of the first minutes, of the processes that are old enough to have one.', 'bytes', 'sum(%s - %s)' % [p('memleak_process_footprint_bytes'), p('memleak_process_baseline_bytes')], lib.neutral, 'too early to tell'),

      lib.row('Memory'),
      lib.timeSeries('Memory by kind', 'What the processes selected hold, added up. Anonymous memory and swap leak; files are given back under need; shared memory is counted by each process that maps it.', 'bytes', [
        sum('memleak_process_anon_memory_bytes', 'anonymous'),
        sum('memleak_process_swap_memory_bytes', 'swap'),
        sum('memleak_process_shmem_memory_bytes', 'shared'),
        sum('memleak_process_file_memory_bytes', 'files'),
      ]) + lib.stacked + lib.coloured('anonymous', 'orange') + lib.coloured('swap', 'purple') + lib.coloured('shared', 'blue') + lib.coloured('files', 'green'),
      lib.timeSeries('Footprint by process', 'RssAnon and swap of the ten largest. One that climbs while its siblings do not, and is the oldest, leaks.', 'bytes', [each('memleak_process_footprint_bytes')], 'No process is selected'),
      lib.timeSeries('RSS by process', 'Resident memory, mapped files included, of the ten largest.', 'bytes', [each('memleak_process_resident_memory_bytes')], 'No process is selected'),
      lib.timeSeries('RSS against VSZ', 'Virtual size (grey) is address space, not memory: runtimes reserve much of it and never touch it. It is no symptom, however large. It is here because other tools show it first.', 'bytes', [
        sum('memleak_process_resident_memory_bytes', 'RSS'),
        sum('memleak_process_peak_resident_memory_bytes', 'peak RSS'),
        sum('memleak_process_virtual_memory_bytes', 'VSZ (no symptom)'),
      ]) + lib.strong('RSS', 'orange') + lib.coloured('peak RSS', 'semi-dark-yellow') + lib.grey('VSZ (no symptom)'),

      lib.row('Growth beside load and age'),
      lib.timeSeries('Growth over time', 'Of the lowest points, as the exporter and as Prometheus see it. Growth while the load beside it is flat is a leak; growth that follows load is not.', 'bytes', [
        lib.query('3600 * sum(%s)' % g('memleak_group_growth_bytes_per_second'), 'exporter'),
        lib.query('3600 * sum(%s)' % g('group:memleak_growth_bytes_per_second:troughs'), 'troughs'),
      ], 'Too early to tell'),
      lib.timeSeries('CPU', 'Cores that the ten busiest processes use. Memory that grows with CPU follows work.', 'none', [eachRate('memleak_process_cpu_seconds_total')], 'No process is selected'),
      lib.timeSeries('Threads', 'Of the ten processes with the most. Each has a stack; threads that pile up are a leak of their own.', 'short', [each('memleak_process_threads')], 'No process is selected') + { fieldConfig+: { defaults+: { decimals: 0 } } },
      lib.timeSeries('Major page faults', 'Faults per second that waited for a disk: what was swapped out or dropped is needed again.', 'ops', [eachRate('memleak_process_major_page_faults_total')], 'No process is selected'),
      lib.table('Processes', 'The twenty largest now. What is large only because it is old, and still grows, leaks; what is large and young is a different load.', [
        { label: 'comm', name: 'Name' },
        { label: 'pid', name: 'PID', width: 90 },
        { label: 'instance', name: 'Node' },
        { expr: 'time() - %s\nand topk(20, %s)' % [p('memleak_process_start_time_seconds'), p('memleak_process_footprint_bytes')], name: 'Age', unit: 's', decimals: 1, width: 110 },
        { expr: 'topk(20, %s)' % p('memleak_process_footprint_bytes'), name: 'Footprint', unit: 'bytes', width: 110 },
        { expr: '%s - %s\nand topk(20, %s)' % [p('memleak_process_footprint_bytes'), p('memleak_process_baseline_bytes'), p('memleak_process_footprint_bytes')], name: 'Since baseline', unit: 'bytes', width: 130 },
        { expr: '3600 * %s\nand topk(20, %s)' % [p('memleak_process_growth_bytes_per_second'), p('memleak_process_footprint_bytes')], name: 'Growth per hour', unit: 'bytes', width: 140 },
        { expr: '%s\nand topk(20, %s)' % [p('memleak_process_exhaustion_seconds'), p('memleak_process_footprint_bytes')], name: 'Time left', unit: 's', decimals: 1, width: 120 },
        { expr: '%s\nand topk(20, %s)' % [p('memleak_process_open_fds'), p('memleak_process_footprint_bytes')], name: 'Descriptors', unit: 'short', decimals: 0, width: 110 },
      ], 'No process is selected', { name: 'Footprint', desc: true }),

      lib.row('Prediction'),
      lib.timeSeries('Time left over time', 'Until the limit, if growth goes on: of the group that is nearest to it. A line that falls by an hour each hour is a steady leak.', 's', [
        lib.query('min(%s)' % g('memleak_group_exhaustion_seconds'), 'exporter'),
        lib.query('min(%s)' % g('group:memleak_exhaustion_seconds:troughs'), 'troughs'),
      ], 'Not growing') + lib.logarithmic + { fieldConfig+: { defaults+: { decimals: 1 } } },
      lib.timeSeries('Headroom', 'What the group can still take before its limit, or its node, ends it; the ten that have the least. 0 is the OOM killer.', 'bytes', [
        lib.query(lib.smallest(10, g('memleak_group_headroom_bytes') + '%s'), '{{group}} on {{instance}}'),
      ]),

      lib.row('Descriptors'),
      lib.timeSeries('Open descriptors against the limit', 'Of the ten processes with the most; dashed, the lowest of their soft limits. At the limit the process cannot open or accept anything more.', 'short', [
        each('memleak_process_open_fds'),
        lib.query('min(%s)' % p('memleak_process_max_fds'), 'limit'),
      ], 'Descriptors may not be read') + lib.level('limit') + lib.logarithmic,
      lib.timeSeries('Share of the descriptor limit', 'Open descriptors by the soft limit of each process, the ten highest.', 'percentunit', [
        lib.query('%s\nand topk(10, %s)' % [
          '%s / %s' % [p('memleak_process_open_fds'), p('memleak_process_max_fds')],
          '%s @ end() / %s @ end()' % [p('memleak_process_open_fds'), p('memleak_process_max_fds')],
        ], who),
      ], 'Descriptors may not be read') + lib.limits([[0.8, 'orange']]),

      lib.row('Evidence, read of suspects'),
      lib.timeSeries('Mapped memory by kind', 'Resident memory of the suspects selected, from smaps. Heap or anonymous that grows is malloc or a runtime; files that grow are mappings that are never unmapped.', 'bytes', [
        lib.query('sum by (mapping) (%s) > 0' % p('memleak_process_mapped_memory_bytes'), '{{mapping}}'),
      ], 'Nothing is suspected: mappings are read of suspects only') + lib.stacked,
      lib.timeSeries('Descriptors by kind', 'Of the suspects selected. Sockets: connections that are never closed; deleted: files that still take disk; eventfd and eventpoll: event loops that are never ended.', 'short', [
        lib.query('sum by (kind) (%s) > 0' % p('memleak_process_fds'), '{{kind}}'),
      ], 'Nothing is suspected: kinds are read of suspects only') + lib.stacked,
      lib.timeSeries('JVM: old generation', 'What is left after full collections is what the program holds. If that climbs, objects leak; if it is flat while the process grows, native memory does.', 'bytes', [
        lib.query('sum(%s)' % p('memleak_jvm_old_generation_used_bytes'), 'used'),
        lib.query('sum(%s)' % p('memleak_jvm_old_generation_after_full_collection_bytes'), 'after a full collection'),
        lib.query('sum(%s)' % p('memleak_jvm_old_generation_capacity_bytes'), 'capacity'),
        lib.query('sum(%s)' % p('memleak_jvm_old_generation_max_bytes'), 'most'),
      ], 'No JVM is selected') + lib.strong('after a full collection', 'orange') + lib.grey('capacity') + lib.level('most', '#8e8e8e'),
      lib.timeSeries('JVM: metaspace', 'Classes. Metaspace that climbs after each deployment is a leak of class loaders.', 'bytes', [
        lib.query('sum(%s)' % p('memleak_jvm_metaspace_used_bytes'), 'used'),
        lib.query('sum(%s)' % p('memleak_jvm_metaspace_capacity_bytes'), 'capacity'),
      ], 'No JVM is selected') + lib.grey('capacity') + lib.sized(6, 8),
      lib.timeSeries('JVM: collections', 'Collections per second. Full collections that come closer together are the last stage of a leak.', 'ops', [
        lib.query('sum by (collection) (%s)' % ('rate(%s[$__rate_interval])' % p('memleak_jvm_collections_total')), '{{collection}}'),
      ], 'No JVM is selected') + lib.sized(6, 8),
      lib.timeSeries('Proportional memory', 'Pss: resident memory, shared pages divided among those who share them. What the end of the process would free, of the ten that have the most.', 'bytes', [
        each('memleak_process_proportional_memory_bytes'),
      ], 'Nothing is suspected: this is read of suspects only'),
      lib.table('What they are', 'Executable, user and runtime, of up to twenty.', [
        { label: 'pid', name: 'PID', width: 90 },
        { label: 'exe', name: 'Executable' },
        { label: 'user', name: 'User', width: 110 },
        { label: 'unit', name: 'Unit' },
        { label: 'runtime', name: 'Runtime', width: 90 },
        { expr: 'topk(20, %s)' % p('memleak_process_info') },
      ], 'No process is selected') + lib.sized(12, 8),
    ]),
  },
}
