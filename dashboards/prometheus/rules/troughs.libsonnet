// Growth, time to exhaustion and leaks from raw series alone, so that they hold without the exporter's
// verdict and across its restarts. What is watched is listed here; how is in troughs_of.libsonnet.
{
  local mixin = self,
  local config = mixin._config,
  local sel = { sel: config.memleakSelector },
  local troughs = (import 'troughs_of.libsonnet')(config),
  local d = (import '../../durations.libsonnet')(config.timeScale),
  local mebibyte = 1024 * 1024,
  local all = ['5m', '15m', '30m', '1h', '2h', '4h'],

  local footprint = troughs {
    level: 'group',
    name: 'memleak_footprint_bytes',
    raw: 'memleak_group_footprint_bytes{%(sel)s}' % sel,
    since: 'memleak_group_oldest_start_time_seconds{%(sel)s}' % sel,
    left: 'memleak_group_headroom_bytes{%(sel)s}' % sel,
    work: 'memleak_group_cpu_seconds_total{%(sel)s}' % sel,
    growth: 'memleak_growth_bytes_per_second',
    exhaustion: 'memleak_exhaustion_seconds',
    suspected: 'memleak_leak_suspected',
    scales: all,
    floor: 6 * mebibyte,
    share: 0.03,
  },
  local descriptors = troughs {
    level: 'group',
    name: 'memleak_open_fds',
    raw: 'memleak_group_open_fds{%(sel)s}' % sel,
    since: 'memleak_group_oldest_start_time_seconds{%(sel)s}' % sel,
    left: 'group:memleak_fds_left',
    growth: 'memleak_fd_growth_per_second',
    suspected: 'memleak_fd_leak_suspected',
    scales: all,
    floor: 16,
    share: 0.05,
  },
  // The limit is each process' own: how much longer it lasts is asked of processes, and told of groups.
  local processDescriptors = troughs {
    level: 'process',
    name: 'memleak_open_fds',
    raw: 'memleak_process_open_fds{%(sel)s}' % sel,
    since: 'memleak_process_start_time_seconds{%(sel)s}' % sel,
    left: '(memleak_process_max_fds{%(sel)s} - memleak_process_open_fds{%(sel)s})' % sel,
    growth: 'memleak_fd_growth_per_second',
    exhaustion: 'memleak_fd_exhaustion_seconds',
    scales: ['5m', '15m', '30m', '1h'],
    floor: 16,
    share: 0.05,
  },
  local used = troughs {
    level: 'node',
    name: 'memleak_memory_used_bytes',
    raw: 'node:memleak_memory_used_bytes',
    since: 'node:memleak_oldest_start_time_seconds',
    left: 'node:memleak_headroom_bytes',
    growth: 'memleak_growth_bytes_per_second',
    exhaustion: 'memleak_exhaustion_seconds',
    suspected: 'memleak_leak_suspected',
    scales: ['5m', '15m', '30m', '1h', '2h'],
    floor: 32 * mebibyte,
    share: 0.03,
  },
  local swap = troughs {
    level: 'node',
    name: 'memleak_swap_used_bytes',
    raw: 'node:memleak_swap_used_bytes',
    since: 'node:memleak_oldest_start_time_seconds',
    growth: 'memleak_swap_growth_bytes_per_second',
    suspected: 'memleak_swap_leak_suspected',
    scales: ['1h', '2h'],
    endless: ['1h', '2h'],
    floor: 32 * mebibyte,
    share: 0.03,
  },
  local slab = troughs {
    level: 'node',
    name: 'memleak_slab_unreclaimable_bytes',
    raw: 'memleak_node_memory_slab_unreclaimable_bytes{%(sel)s}' % sel,
    since: 'node:memleak_oldest_start_time_seconds',
    growth: 'memleak_slab_unreclaimable_growth_bytes_per_second',
    suspected: 'memleak_slab_unreclaimable_leak_suspected',
    scales: all,
    endless: ['2h', '4h'],
    floor: 32 * mebibyte,
    share: 0.05,
  },

  prometheusRules+:: {
    groups+: [
      {
        name: 'memleak-sums',
        interval: d.text(config.every),
        rules: [
          {
            // When the node booted: the kernel's own threads are a group, too.
            record: 'node:memleak_oldest_start_time_seconds',
            expr: 'min without (namespace, group, container) (memleak_group_oldest_start_time_seconds{%(sel)s})' % sel,
          },
          {
            // Of the process that is nearest to its limit.
            record: 'group:memleak_fds_left',
            expr: 'min without (pid, comm, pod) (memleak_process_max_fds{%(sel)s} - memleak_process_open_fds{%(sel)s})' % sel,
          },
          {
            record: 'node:memleak_memory_used_bytes',
            expr: 'memleak_node_memory_total_bytes{%(sel)s} - memleak_node_memory_available_bytes{%(sel)s}' % sel,
          },
          {
            record: 'node:memleak_swap_used_bytes',
            expr: 'memleak_node_swap_total_bytes{%(sel)s} - memleak_node_swap_free_bytes{%(sel)s}' % sel,
          },
        ],
      },
    ] + std.flattenArrays([each.groups for each in [footprint, descriptors, processDescriptors, used, swap, slab]]) + [
      {
        name: 'memleak-group-fds-left',
        interval: d.text(config.every),
        rules: [{
          record: 'group:memleak_fd_exhaustion_seconds:troughs',
          expr: 'min by (%s, job, instance, namespace, group, container) (process:memleak_fd_exhaustion_seconds:troughs)' % config.clusterLabel,
        }],
      },
    ],
  },
}
