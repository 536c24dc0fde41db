// Nodes: what is available, and where the rest is.
{
  local config = $._config,
  local d = (import '../durations.libsonnet')(config.timeScale),
  local lib = (import 'lib.libsonnet')(config),
  local s = lib.series,
  local sum(metric, legend) = lib.query('sum(%s)' % s(metric), legend),
  local sumOf(expression, legend) = lib.query('sum(%s)' % expression, legend),
  local memory(kind) = s('memleak_node_memory_%s_bytes' % kind),
  local topRate(metric) = lib.query(lib.largest(10, 'rate(%s[$__rate_interval]%%s)' % s(metric)), '{{instance}}'),
  local whole = { fieldConfig+: { defaults+: { decimals: 0 } } },

  grafanaDashboards+:: {
    'node.json': lib.dashboard('node', 'Node', 'Memory of nodes: what is available, where the rest is, and what of it grows. Amounts are added up over the nodes selected.', [], [
      lib.row('At a glance'),
      lib.stat('Least available', 'Share of memory that is available on the node that has the least. Page cache counts as available; little free memory is healthy.', 'percentunit', 'min(%s)' % s('node:memleak_memory_available:ratio'), {
        mode: 'absolute',
        steps: [
          { color: 'orange', value: null },
          { color: 'green', value: config.memoryLow.warning.left },
        ],
      }, 'unknown') + { fieldConfig+: { defaults+: { decimals: 1 } } },
      lib.stat('Time left', 'Until the first of the nodes selected has no memory and swap left, if growth goes on as it does.', 's', 'min(%s)' % s('memleak_node_exhaustion_seconds'), lib.timeLeft, 'not growing', graph=false) + { fieldConfig+: { defaults+: { decimals: 1 } } },
      lib.stat('Swap used', 'Of all nodes selected. That some is used is healthy; that it climbs for hours is not.', 'bytes', 'sum(%s - %s)' % [s('memleak_node_swap_total_bytes'), s('memleak_node_swap_free_bytes')], lib.neutral, 'unknown'),
      lib.stat('Waiting time', 'Share of time in which some task waited for memory, on the node where it is highest.', 'percentunit', 'max(%s)' % lib.rate('memleak_node_memory_pressure_waiting_seconds_total'), lib.thresholds([[config.pressure.warning.share, 'orange']]), 'not measured here') + { fieldConfig+: { defaults+: { decimals: 1 } } },
      lib.stat('OOM kills', 'In the time that is shown. Whom is on the dashboard Leaks.', 'short', 'round(sum(increase(%s[$__range])))' % s('memleak_node_oom_kills_total'), lib.thresholds([[1, 'orange']]), 'unknown', graph=false),
      lib.stat('Suspected kinds', 'Kinds of memory of nodes that grow as a leak does; which is in the table below.', 'short', 'sum(%s)' % s('memleak_node_leak_suspected'), lib.thresholds([[1, 'orange']]), 'too early to tell'),

      lib.row('Memory'),
      lib.timeSeries('Available against free', 'Available is what programs can still have. Free (grey) is what nothing uses at all: low on any healthy node, since the rest is page cache. It is no symptom.', 'bytes', [
        sumOf(memory('available'), 'available'),
        sumOf(memory('free'), 'free (no symptom)'),
        sumOf(memory('total'), 'total'),
      ]) + lib.strong('available', 'green') + lib.grey('free (no symptom)') + lib.level('total', '#8e8e8e'),
      lib.timeSeries('Where the memory is', "What leaks is anonymous, shared or the kernel's. Page cache and reclaimable slab are given back under need.", 'bytes', [
        sumOf(memory('anon'), 'anonymous'),
        sumOf(memory('shmem'), 'shared'),
        sumOf(memory('slab_unreclaimable'), 'slab, unreclaimable'),
        sumOf(memory('page_tables'), 'page tables'),
        sumOf(memory('kernel_stack'), 'kernel stacks'),
        sumOf(memory('slab_reclaimable'), 'slab, reclaimable'),
        sumOf('%s - %s' % [memory('cached'), memory('shmem')], 'page cache'),
        sumOf(memory('buffers'), 'buffers'),
      ]) + lib.stacked + lib.coloured('anonymous', 'orange') + lib.coloured('shared', 'blue') + lib.coloured('slab, unreclaimable', 'red') + lib.coloured('page tables', 'purple') + lib.coloured('kernel stacks', 'yellow') + lib.coloured('slab, reclaimable', 'semi-dark-green') + lib.coloured('page cache', 'green') + lib.coloured('buffers', 'light-green'),
      lib.timeSeries('Least available memory', 'Share of memory that is available, of the ten nodes that have the least now. Below the dashed lines alerts fire.', 'percentunit', [
        lib.query(lib.smallest(10, s('node:memleak_memory_available:ratio') + '%s'), '{{instance}}'),
      ]) + lib.most(1) + lib.limits([[config.memoryLow.critical.left, 'red'], [config.memoryLow.warning.left, 'orange']]),
      lib.timeSeries('Promised memory', 'What programs have asked for (Committed_AS), mostly more than they use. The limit counts only where overcommit is off.', 'bytes', [
        sumOf(memory('committed'), 'promised'),
        sumOf(memory('commit_limit'), 'limit without overcommit'),
      ]) + lib.grey('limit without overcommit'),

      lib.row('Growth'),
      lib.timeSeries('Growth per hour', 'Of the lowest points, by kind of memory, on the node where it is largest. "used" is total less available.', 'bytes', [
        lib.query('3600 * max by (resource) (%s)' % s('memleak_node_growth_bytes_per_second'), '{{resource}}'),
      ], 'Too early to tell'),
      lib.table('Suspected by kind', "Kinds of memory that grow as a leak does: processes are on the dashboard Leaks; slab, page tables, vmalloc and per-CPU memory are the kernel's or a driver's.", [
        { label: 'instance', name: 'Node', link: lib.linkTo('node', 'This node alone', { instance: 'Node' }) },
        { label: 'resource', name: 'What' },
        { expr: '3600 * %s\nand %s == 1' % [s('memleak_node_growth_bytes_per_second'), s('memleak_node_leak_suspected')], name: 'Growth per hour', unit: 'bytes', width: 160 },
      ], 'Nothing is suspected', { name: 'Growth per hour', desc: true }) + lib.sized(12, 8),

      lib.row('Swap and pressure'),
      lib.timeSeries('Swap', 'Used of all that there is. Leaked pages are seldom read back: a leak that is swapped out shows here as a steady climb.', 'bytes', [
        sumOf('%s - %s' % [s('memleak_node_swap_total_bytes'), s('memleak_node_swap_free_bytes')], 'used'),
        sum('memleak_node_swap_total_bytes', 'total'),
      ]) + lib.strong('used', 'purple') + lib.grey('total'),
      lib.timeSeries('Swapping', 'Bytes per second. What is read back was needed: somebody waits for it.', 'Bps', [
        sumOf(lib.rate('memleak_node_swap_in_bytes_total'), 'read back'),
        sumOf(lib.rate('memleak_node_swap_out_bytes_total'), 'written'),
      ]) + lib.strong('read back', 'orange'),
      lib.timeSeries('Waiting for memory', 'Share of time in which some task waited, on the ten nodes where it is highest now. Above the dashed line an alert fires.', 'percentunit', [
        topRate('memleak_node_memory_pressure_waiting_seconds_total'),
      ], 'These kernels do not measure it') + lib.limits([[config.pressure.warning.share, 'orange']]) + lib.sized(8, 8),
      lib.timeSeries('Stalled on memory', 'Share of time in which every task that had work waited for memory: nothing got done.', 'percentunit', [
        topRate('memleak_node_memory_pressure_stalled_seconds_total'),
      ], 'These kernels do not measure it') + lib.limits([[config.pressure.critical.share, 'red']]) + lib.sized(8, 8),
      lib.timeSeries('Major page faults', 'Per second, of the ten nodes with the most: each waited for a disk.', 'ops', [
        topRate('memleak_node_major_page_faults_total'),
      ]) + lib.sized(8, 8),

      lib.row('Kernel'),
      lib.timeSeries('Kernel memory', 'What the kernel holds and does not give back. No process will show it.', 'bytes', [
        sumOf(memory('slab_unreclaimable'), 'slab, unreclaimable'),
        sumOf(memory('page_tables'), 'page tables'),
        sumOf(memory('kernel_stack'), 'kernel stacks'),
        sumOf(memory('vmalloc_used'), 'vmalloc'),
        sumOf(memory('percpu'), 'per CPU'),
      ]),
      lib.timeSeries('Slab caches', 'The ten largest of those that cannot be given back. The one that climbs names the subsystem; the kernel lets caches that are alike share a name.', 'bytes', [
        lib.query('%s\nand topk(10, %s)' % [
          'sum by (cache) (%s)' % s('memleak_node_slab_cache_bytes'),
          'sum by (cache) (%s @ end())' % s('memleak_node_slab_cache_bytes'),
        ], '{{cache}}'),
      ], 'Only root may read them'),
      lib.barGauge(
        'Fragmentation: free blocks by size',
        'Free memory by size of block, 2^order pages each, all zones and nodes selected added up. Where the high orders are empty, huge pages and large buffers cannot be had although memory is free.',
        'short',
        // In the order of numbers: one digit before two.
        'sum by (order) (%s) or sum by (order) (%s)' % [
          s('memleak_node_buddy_free_blocks', 'order=~"."'),
          s('memleak_node_buddy_free_blocks', 'order=~".."'),
        ],
        'order {{order}}'
      ) + whole,
      lib.timeSeries('Large free blocks', 'Free blocks of order 9 and above (2 MiB with pages of 4 KiB): what huge pages are made of.', 'short', [
        lib.query('sum by (order) (%s)' % s('memleak_node_buddy_free_blocks', 'order=~"9|10"'), 'order {{order}}'),
      ]) + whole,

      lib.row('Counts'),
      lib.timeSeries('Open files', 'Of the whole node, on the ten nodes with the most.', 'short', [
        lib.query(lib.largest(10, s('memleak_node_open_files') + '%s'), '{{instance}}'),
      ]) + whole + lib.sized(8, 8),
      lib.timeSeries('Share of the open file limit', 'Open files by what the kernel allows, the ten highest.', 'percentunit', [
        lib.query('%s / %s\nand topk(10, %s @ end() / %s @ end())' % [s('memleak_node_open_files'), s('memleak_node_max_open_files'), s('memleak_node_open_files'), s('memleak_node_max_open_files')], '{{instance}}'),
      ]) + lib.limits([[0.8, 'orange']]) + lib.sized(8, 8),
      lib.timeSeries('Processes and threads', 'Of all nodes selected. Threads that climb alone are a leak of threads.', 'short', [
        sum('memleak_node_processes', 'processes'),
        sum('memleak_node_threads', 'threads'),
      ]) + whole + lib.sized(8, 8),
    ]),
  },
}
