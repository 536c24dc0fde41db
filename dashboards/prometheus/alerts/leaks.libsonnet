// Something leaks. The group is what alerts: one leak is one alert, whichever process has it now. Its
// process and its container are information beside it; slices and pods above it say nothing.
{
  local mixin = self,
  local config = mixin._config,
  local sel = config.memleakSelector,
  local lib = (import 'lib.libsonnet')(config),
  local evidence = (import 'evidence.libsonnet')(lib),

  prometheusAlerts+:: {
    groups+: [{
      name: 'memleak-leaks',
      interval: lib.durations.text(config.every),
      rules: [
        lib.alert(
          'MemleakGroupLeakSuspected',
          'ticket',
          lib.suspected('memleak_group_leak_suspected', 'group:memleak_leak_suspected:troughs', 'group:memleak_leak_last_suspected_timestamp_seconds'),
          config.leakHoldSeconds,
          {
            summary: 'Memory of a group of processes climbs without an end.',
            description: '{{ $labels.group }} on {{ $labels.instance }} grows by %s: %s. At this rate its limit is reached in %s.' % [evidence.growth, evidence.memory, evidence.timeLeft],
            growth: evidence.growth,
            time_left: evidence.timeLeft,
            evidence: evidence.memory,
          },
          lib.dashboards.process
        ),
        lib.alert(
          'MemleakGroupSharedMemoryLeakSuspected',
          'ticket',
          'memleak_group_shmem_leak_suspected{%s} == 1' % sel,
          config.leakHoldSeconds,
          {
            local growth = lib.first('group', '3600 * memleak_group_shmem_growth_bytes_per_second{@}', unit='B/h'),
            local held = lib.first('group', 'memleak_group_shmem_memory_bytes{@}'),
            summary: 'Shared memory of a group of processes climbs without an end.',
            description: '{{ $labels.group }} on {{ $labels.instance }} holds %s of shared memory and grows by %s.' % [held, growth],
            growth: growth,
            evidence: 'shared memory: ' + held,
          },
          lib.dashboards.process
        ),
        lib.alert(
          'MemleakProcessLeakSuspected',
          'information',
          'memleak_process_leak_suspected{%s} == 1' % sel,
          config.leakHoldSeconds,
          {
            local growth = lib.first('process', '3600 * memleak_process_growth_bytes_per_second{@}', unit='B/h'),
            summary: 'The process that leaks.',
            description: 'Process {{ $labels.pid }} ({{ $labels.comm }}) of {{ $labels.group }} on {{ $labels.instance }} grows by %s.' % growth,
            growth: growth,
          },
          lib.dashboards.process
        ),
        lib.alert(
          'MemleakContainerLeakSuspected',
          'information',
          'memleak_cgroup_leak_suspected{%s, kind="container"} == 1' % sel,
          config.leakHoldSeconds,
          {
            local growth = lib.first('cgroup', '3600 * memleak_cgroup_growth_bytes_per_second{@}', unit='B/h'),
            summary: 'The container in which something leaks.',
            description: 'Container {{ $labels.container }} of pod {{ $labels.namespace }}/{{ $labels.pod }} on {{ $labels.instance }} grows by %s.' % growth,
            growth: growth,
          },
          lib.dashboards.containers
        ),
      ],
    }],
  },
}
