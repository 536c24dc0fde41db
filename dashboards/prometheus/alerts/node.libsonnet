// The node itself: memory and swap that run out, pressure, and memory that the kernel leaks.
{
  local mixin = self,
  local config = mixin._config,
  local sel = config.memleakSelector,
  local lib = (import 'lib.libsonnet')(config),
  local d = lib.durations,

  local available = lib.first('node', 'memleak_node_memory_available_bytes{@}') + ' of ' + lib.first('node', 'memleak_node_memory_total_bytes{@}') + ' available',
  local largest = lib.list('node', 'topk(3, memleak_group_footprint_bytes{@})', 'group', before='; the largest groups: '),
  local growth(resource, recorded) = lib.first('node', '3600 * (memleak_node_growth_bytes_per_second{@, resource="%s"} > 0 or %s{@})' % [resource, recorded], unit='B/h'),

  local running_out(severity, level) =
    local bounds = config.exhaustion[level];
    local used = growth('used', 'node:memleak_growth_bytes_per_second:troughs');
    lib.alert(
      'MemleakNodeExhaustionPredicted',
      severity,
      lib.predicted(
        {
          exhaustion: 'memleak_node_exhaustion_seconds{%s}' % sel,
          growth: 'max without (resource) (memleak_node_growth_bytes_per_second{%s, resource="used"})' % sel,
          held: 'node:memleak_memory_used_bytes',
          suspected: 'max without (resource) (memleak_node_leak_suspected{%s, resource="used"})' % sel,
        },
        { exhaustion: 'node:memleak_exhaustion_seconds:troughs', suspected: 'node:memleak_leak_suspected:troughs' },
        'node:memleak_memory_available:ratio',
        bounds,
        if severity == 'page' then config.imminent else null
      ),
      bounds.hold,
      {
        summary: 'A node is about to run out of memory.',
        description: '{{ $labels.instance }} runs out of memory in {{ $value | humanizeDuration }}: what is in use grows by %s, %s%s.' % [used, available, largest],
        growth: used,
        time_left: '{{ $value | humanizeDuration }}',
        evidence: available + largest,
      },
      lib.dashboards.node
    ),

  local low(severity, level) = lib.alert(
    'MemleakNodeMemoryLow',
    severity,
    'node:memleak_memory_available:ratio < %g' % config.memoryLow[level].left,
    config.memoryLow[level].hold,
    {
      summary: 'A node has hardly any memory available.',
      description: '{{ $labels.instance }} has {{ $value | humanizePercentage }} of its memory available: %s%s.' % [available, largest],
      evidence: available + largest,
    },
    lib.dashboards.node
  ),

  local swap(severity, _) =
    local climbs = growth('swap', 'node:memleak_swap_growth_bytes_per_second:troughs');
    local used = lib.first('node', 'node:memleak_swap_used_bytes{@}') + ' of ' + lib.first('node', 'memleak_node_swap_total_bytes{@}') + ' swap in use';
    lib.alert(
      'MemleakNodeSwapClimbing',
      severity,
      |||
        (
          node:memleak_swap_leak_suspected:troughs == 1
          or max without (resource) (memleak_node_leak_suspected{%(sel)s, resource="swap"}) == 1
        )
      ||| % { sel: sel }
      + (
        if severity != 'page' then '' else |||
          and rate(memleak_node_swap_in_bytes_total{%(sel)s}[%(window)s]) > %(bytes)d
        ||| % { sel: sel, window: d.text(15 * 60), bytes: config.swappingIn }
      ),
      config.swapHoldSeconds,
      {
        summary: 'Swap fills up without coming back.' + if severity == 'page' then ' What was swapped out is needed again.' else '',
        description: '{{ $labels.instance }} swaps out %s, and it stays out: %s. Leaked pages are seldom swapped in again%s.' % [
          climbs,
          used,
          if severity == 'page' then '; these are, and every process that needs them waits for the disk' else '',
        ],
        growth: climbs,
        evidence: used + lib.list('node', 'topk(3, memleak_group_swap_memory_bytes{@})', 'group', before='; most of it of: '),
      },
      lib.dashboards.node
    ),

  local pressure(severity, level) =
    local bounds = config.pressure[level];
    local who = if severity == 'page' then 'every task' else 'some task';
    lib.alert(
      'MemleakNodeMemoryPressure',
      severity,
      'rate(memleak_node_memory_pressure_%s_seconds_total{%s}[%s]) > %g' % [
        if severity == 'page' then 'stalled' else 'waiting',
        sel,
        d.text(5 * 60),
        bounds.share,
      ],
      bounds.hold,
      {
        summary: 'Work on a node waits for memory.',
        description: 'On {{ $labels.instance }} %s waits for memory for {{ $value | humanizePercentage }} of the time; %s%s.' % [who, available, largest],
        evidence: available + largest,
      },
      lib.dashboards.node
    ),

  prometheusAlerts+:: {
    groups+: [{
      name: 'memleak-node',
      interval: d.text(config.every),
      rules: lib.pair(running_out) + lib.pair(low) + lib.pair(swap) + lib.pair(pressure) + [
        lib.alert(
          'MemleakKernelMemoryLeak',
          'ticket',
          |||
            memleak_node_leak_suspected{%(sel)s, resource=~"slab_unreclaimable|page_tables|vmalloc|percpu"} == 1
            or
            (
              label_replace(node:memleak_slab_unreclaimable_leak_suspected:troughs, "resource", "slab_unreclaimable", "", "")
              unless memleak_node_leak_suspected{%(sel)s}
            )
          ||| % { sel: sel },
          config.leakHoldSeconds,
          {
            local caches = '{{ if eq $labels.resource "slab_unreclaimable" }}%s{{ end }}' % lib.list('node', 'topk(3, memleak_node_slab_cache_bytes{@})', 'cache', before='Largest caches: '),
            summary: 'Memory of the kernel climbs without an end.',
            description: '{{ $labels.resource }} of {{ $labels.instance }} grows. No process holds it, and ending one may not give it back. ' + caches,
            evidence: caches,
          },
          lib.dashboards.node
        ),
        lib.alert(
          'MemleakNodeSharedMemoryLeakSuspected',
          'ticket',
          'memleak_node_leak_suspected{%s, resource="shmem"} == 1' % sel,
          config.leakHoldSeconds,
          {
            local held = lib.first('node', 'memleak_node_memory_shmem_bytes{@}'),
            summary: 'Shared memory and tmpfs of a node climb without an end.',
            description: '{{ $labels.instance }} holds %s in shared memory and files on tmpfs, and it grows. It stays when processes end.' % held,
            evidence: 'shared memory: ' + held,
          },
          lib.dashboards.node
        ),
        lib.alert(
          'MemleakContainerKernelMemoryLeak',
          'information',
          'memleak_cgroup_kernel_leak_suspected{%s, kind="container"} == 1' % sel,
          config.leakHoldSeconds,
          {
            local growth = lib.first('cgroup', '3600 * memleak_cgroup_kernel_growth_bytes_per_second{@}', unit='B/h'),
            summary: 'Kernel memory that is charged to a container climbs without an end.',
            description: 'Container {{ $labels.container }} of pod {{ $labels.namespace }}/{{ $labels.pod }} on {{ $labels.instance }}: %s of sockets, page tables, slab.' % growth,
            growth: growth,
          },
          lib.dashboards.containers
        ),
      ],
    }],
  },
}
