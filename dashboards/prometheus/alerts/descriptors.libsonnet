// Descriptors of a group: they leak, or are about to run out.
{
  local mixin = self,
  local config = mixin._config,
  local sel = config.memleakSelector,
  local lib = (import 'lib.libsonnet')(config),
  local evidence = (import 'evidence.libsonnet')(lib),
  local growth = lib.first('group', '3600 * (memleak_group_fd_growth_per_second{@} > 0 or group:memleak_fd_growth_per_second:troughs{@})', format='printf "%.1f"', unit=' an hour'),

  local running_out(severity, level) =
    local bounds = config.descriptorExhaustion[level];
    lib.alert(
      'MemleakDescriptorExhaustionPredicted',
      severity,
      lib.predicted(
        {
          exhaustion: 'memleak_group_fd_exhaustion_seconds{%s}' % sel,
          growth: 'memleak_group_fd_growth_per_second{%s}' % sel,
          held: 'memleak_group_open_fds{%s}' % sel,
          suspected: 'memleak_group_fd_leak_suspected{%s}' % sel,
        },
        { exhaustion: 'group:memleak_fd_exhaustion_seconds:troughs', suspected: 'group:memleak_fd_leak_suspected:troughs' },
        'group:memleak_fds_left:ratio',
        bounds,
        if severity == 'page' then config.imminent else null
      ),
      bounds.hold,
      {
        summary: 'A process is about to run out of file descriptors.',
        description: 'A process of {{ $labels.group }} on {{ $labels.instance }} reaches its limit of descriptors in {{ $value | humanizeDuration }}: the group opens %s more than it closes; %s.' % [growth, evidence.descriptors],
        growth: growth,
        time_left: '{{ $value | humanizeDuration }}',
        evidence: evidence.descriptors,
      },
      lib.dashboards.process
    ),

  prometheusAlerts+:: {
    groups+: [{
      name: 'memleak-descriptors',
      interval: lib.durations.text(config.every),
      rules: [
        lib.alert(
          'MemleakDescriptorLeakSuspected',
          'ticket',
          lib.suspected('memleak_group_fd_leak_suspected', 'group:memleak_fd_leak_suspected:troughs', 'group:memleak_fd_leak_last_suspected_timestamp_seconds'),
          config.leakHoldSeconds,
          {
            summary: 'Descriptors of a group of processes climb without an end.',
            description: '{{ $labels.group }} on {{ $labels.instance }} opens %s more descriptors than it closes; %s.' % [growth, evidence.descriptors],
            growth: growth,
            time_left: lib.first('group', 'memleak_group_fd_exhaustion_seconds{@} or group:memleak_fd_exhaustion_seconds:troughs{@}', format='humanizeDuration', unit='', otherwise='no limit in sight'),
            evidence: evidence.descriptors,
          },
          lib.dashboards.process
        ),
      ] + lib.pair(running_out),
    }],
  },
}
