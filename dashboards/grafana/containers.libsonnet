// Containers, pods and systemd units: what cannot be reclaimed, against the limit.
{
  local config = $._config,
  local lib = (import 'lib.libsonnet')(config),
  local chosen = 'namespace=~"$namespace", pod=~"$pod", container=~"$container"',
  local c(metric, more='') = lib.series(metric, chosen + (if more == '' then '' else ', ' + more)),
  // Slices have no name of their own, and what is in them is shown itself.
  local named = 'kind!="slice"',
  local who = '{{namespace}} {{pod}} {{container}} {{unit}}',
  local top(count, metric, more='') = lib.query(lib.largest(count, c(metric, more) + '%s'), who),
  local kind(metric, legend) = lib.query('sum(%s)' % c(metric, 'kind=~"container|unit"'), legend),
  local share = '%s / %s' % [c('memleak_cgroup_unreclaimable_memory_bytes', named), c('memleak_cgroup_memory_limit_bytes', named)],
  local shareAtEnd = '%s @ end() / %s @ end()' % [c('memleak_cgroup_unreclaimable_memory_bytes', named), c('memleak_cgroup_memory_limit_bytes', named)],
  local suspected(family) = 'sum(%s)' % c('memleak_cgroup_%s' % family),

  grafanaDashboards+:: {
    'containers.json': lib.dashboard('containers', 'Containers', 'Containers, pods and systemd units: what of their memory cannot be reclaimed, against their limits. The kernel kills at the limit, when it has dropped the page cache.', [
      lib.variable('namespace', 'Namespace', 'label_values(%s, namespace)' % lib.series('memleak_cgroup_unreclaimable_memory_bytes'), '.*'),
      lib.variable('pod', 'Pod', 'label_values(%s, pod)' % lib.series('memleak_cgroup_unreclaimable_memory_bytes', 'namespace=~"$namespace"'), '.*'),
      lib.variable('container', 'Container', 'label_values(%s, container)' % lib.series('memleak_cgroup_unreclaimable_memory_bytes', 'namespace=~"$namespace", pod=~"$pod"'), '.*'),
    ], [
      lib.row('At a glance'),
      lib.stat('Containers and units', 'How many are selected and shown; a node shows its largest 120 by default.', 'short', 'count(%s)' % c('memleak_cgroup_unreclaimable_memory_bytes', 'kind=~"container|unit"'), none='none'),
      lib.stat('Fullest of all', 'The largest share of its own limit that cannot be reclaimed.', 'percentunit', 'max(%s)' % share, lib.thresholds([[0.9, 'orange']]), 'no limits') + { fieldConfig+: { defaults+: { decimals: 1 } } },
      lib.stat('Time left', 'Until the first of them reaches its limit, if growth goes on as it does.', 's', 'min(%s)' % c('memleak_cgroup_exhaustion_seconds'), lib.timeLeft, 'not growing', graph=false) + { fieldConfig+: { defaults+: { decimals: 1 } } },
      lib.stat('Suspected memory', 'How many grow as a leak does.', 'short', suspected('leak_suspected'), lib.thresholds([[1, 'orange']]), 'too early to tell', graph=false),
      lib.stat('Suspected shared', 'How many have shared memory that grows as a leak does: memfds, shared mappings, files in a tmpfs.', 'short', suspected('shmem_leak_suspected'), lib.thresholds([[1, 'orange']]), 'too early to tell', graph=false),
      lib.stat('Suspected kernel', 'How many have kernel memory charged to them that grows as a leak does: sockets, inodes, page tables.', 'short', suspected('kernel_leak_suspected'), lib.thresholds([[1, 'orange']]), 'too early to tell', graph=false),

      lib.row('Against the limit'),
      lib.table('Fullest', 'The twenty with the largest share of their own limit. Page cache is not counted: the kernel takes it back before it kills.', [
        { label: 'namespace', name: 'Namespace', width: 110 },
        { label: 'pod', name: 'Pod' },
        { label: 'container', name: 'Container', width: 120 },
        { label: 'unit', name: 'Unit' },
        { label: 'instance', name: 'Node', link: lib.linkTo('node', 'The node', { instance: 'Node' }) },
        { expr: 'topk(20, %s)' % share, name: 'Share', unit: 'percentunit', decimals: 1, width: 80, thresholds: lib.thresholds([[0.9, 'orange']]) },
        { expr: '%s\nand topk(20, %s)' % [c('memleak_cgroup_unreclaimable_memory_bytes'), share], name: 'Unreclaimable', unit: 'bytes', width: 110 },
        { expr: '%s\nand topk(20, %s)' % [c('memleak_cgroup_memory_limit_bytes'), share], name: 'Limit', unit: 'bytes', width: 100 },
        { expr: '%s\nand topk(20, %s)' % [c('memleak_cgroup_headroom_bytes'), share], name: 'Headroom', unit: 'bytes', width: 100 },
        { expr: '3600 * %s\nand topk(20, %s)' % [c('memleak_cgroup_growth_bytes_per_second'), share], name: 'Growth/h', unit: 'bytes', width: 100 },
        { expr: '%s\nand topk(20, %s)' % [c('memleak_cgroup_exhaustion_seconds'), share], name: 'Time left', unit: 's', decimals: 1, width: 100, thresholds: lib.timeLeft },
      ], 'Nothing selected has a limit', { name: 'Share', desc: true }),
      lib.timeSeries('Unreclaimable by limit', 'Share of its own limit that cannot be reclaimed, the ten fullest now. At 100 % the kernel kills.', 'percentunit', [
        lib.query('%s\nand topk(10, %s)' % [share, shareAtEnd], who),
      ], 'Nothing selected has a limit') + lib.most(1) + lib.limits([[0.9, 'orange']]),
      lib.timeSeries('Headroom', 'Until the nearest limit, of its own, of one above it, or of the node: the ten that have the least.', 'bytes', [
        lib.query(lib.smallest(10, c('memleak_cgroup_headroom_bytes', named) + '%s'), who),
      ]),

      lib.row('Memory'),
      lib.timeSeries('Unreclaimable by pod', 'Of the containers of each pod, added up; the ten largest now.', 'bytes', [
        lib.query('%s\nand topk(10, %s)' % [
          'sum by (namespace, pod) (%s)' % c('memleak_cgroup_unreclaimable_memory_bytes', 'kind="container", pod!=""'),
          'sum by (namespace, pod) (%s @ end())' % c('memleak_cgroup_unreclaimable_memory_bytes', 'kind="container", pod!=""'),
        ], '{{namespace}}/{{pod}}'),
      ], 'No pods'),
      lib.timeSeries('Unreclaimable by container', 'The ten largest now. A leak climbs without a plateau.', 'bytes', [
        top(10, 'memleak_cgroup_unreclaimable_memory_bytes', 'kind="container"'),
      ], 'No containers'),
      lib.timeSeries('Unreclaimable by systemd unit', 'What cannot be reclaimed, of the ten largest now.', 'bytes', [
        lib.query(lib.largest(10, c('memleak_cgroup_unreclaimable_memory_bytes', 'kind="unit"') + '%s'), '{{unit}}'),
      ], 'No units'),
      lib.timeSeries('Memory by kind', 'Of all containers and units selected. Page cache (grey) is usage, too, and the reason why usage is always near the limit. It is no symptom.', 'bytes', [
        kind('memleak_cgroup_anon_memory_bytes', 'anonymous'),
        kind('memleak_cgroup_swap_memory_bytes', 'swap'),
        kind('memleak_cgroup_shmem_memory_bytes', 'shared'),
        kind('memleak_cgroup_kernel_memory_bytes', 'kernel'),
        kind('memleak_cgroup_page_cache_bytes', 'page cache (no symptom)'),
      ]) + lib.coloured('anonymous', 'orange') + lib.coloured('swap', 'purple') + lib.coloured('shared', 'blue') + lib.coloured('kernel', 'red') + lib.grey('page cache (no symptom)') + lib.stacked,

      lib.row('Growth'),
      lib.timeSeries('Growth per hour', 'Of the lowest points of anonymous memory and swap, the ten that grow fastest now.', 'bytes', [
        lib.query('3600 * %s\nand topk(10, %s @ end())' % [c('memleak_cgroup_growth_bytes_per_second', named), c('memleak_cgroup_growth_bytes_per_second', named)], who),
      ], 'Too early to tell'),
      lib.timeSeries('Growth of kernel memory per hour', 'Of what the kernel holds on behalf of a container, the ten that grow fastest now.', 'bytes', [
        lib.query('3600 * %s\nand topk(10, %s @ end())' % [c('memleak_cgroup_kernel_growth_bytes_per_second', named), c('memleak_cgroup_kernel_growth_bytes_per_second', named)], who),
      ], 'Too early to tell'),
    ]),
  },
}
