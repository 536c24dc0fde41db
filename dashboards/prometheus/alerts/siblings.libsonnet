// One instance far above its siblings, and the oldest of them: what a leak looks like where all get the
// same work.
{
  local mixin = self,
  local config = mixin._config,
  local sel = config.memleakSelector,
  local lib = (import 'lib.libsonnet')(config),
  local siblings = config.siblings,

  prometheusAlerts+:: {
    groups+: [
      {
        name: 'memleak-siblings',
        interval: lib.durations.text(config.every),
        rules: [
          lib.alert(
            'MemleakSiblingOutlier',
            'ticket',
            |||
              memleak_group_largest_footprint_bytes{%(sel)s} > %(times)g * memleak_group_median_footprint_bytes{%(sel)s}
              and memleak_group_largest_footprint_bytes{%(sel)s} - memleak_group_median_footprint_bytes{%(sel)s} > %(bytes)d
              and memleak_group_processes{%(sel)s} >= %(least)d
              and memleak_group_largest_start_time_seconds{%(sel)s} == memleak_group_oldest_start_time_seconds{%(sel)s}
            ||| % { sel: sel, times: siblings.times, bytes: siblings.atLeastBytes, least: siblings.atLeast },
            siblings.hold,
            {
              local typical = lib.first('group', 'memleak_group_median_footprint_bytes{@}'),
              summary: 'The oldest process of a group is far larger than its siblings.',
              description: 'The oldest process of {{ $labels.group }} on {{ $labels.instance }} holds {{ $value | humanize1024 }}B; its siblings typically %s.' % typical,
              evidence: '{{ $value | humanize1024 }}B against ' + typical,
            },
            lib.dashboards.process
          ),
        ],
      },
      {
        // The only comparison across nodes. It reads recorded series alone: judge it where all are seen.
        name: 'memleak-fleet',
        interval: lib.durations.text(config.slowly),
        rules: [
          lib.alert(
            'MemleakFleetSiblingOutlier',
            'ticket',
            |||
              group:memleak_siblings_largest_footprint_bytes
              > on (%(workload)s) group_left ()
              (%(times)g * quantile by (%(workload)s) (0.5, group:memleak_siblings_largest_footprint_bytes))
              and
              (
                group:memleak_siblings_largest_footprint_bytes
                > on (%(workload)s) group_left ()
                (%(bytes)d + quantile by (%(workload)s) (0.5, group:memleak_siblings_largest_footprint_bytes))
              )
              and on (%(workload)s)
              (count by (%(workload)s) (group:memleak_siblings_largest_footprint_bytes) >= %(least)d)
              and on (%(group)s)
              (
                group:memleak_siblings_oldest_largest_start_time_seconds
                == on (%(workload)s) group_left ()
                min by (%(workload)s) (group:memleak_siblings_oldest_start_time_seconds)
              )
            ||| % { workload: lib.workload, group: lib.group, times: siblings.times, bytes: siblings.atLeastBytes, least: siblings.atLeast },
            siblings.hold,
            {
              summary: 'The oldest instance of a group is far larger than those on other nodes.',
              description: '{{ $labels.group }} holds {{ $value | humanize1024 }}B in one process on {{ $labels.instance }}, the oldest of all nodes and more than %g times what is typical.' % siblings.times,
              evidence: '{{ $value | humanize1024 }}B, the oldest of all nodes',
            },
            lib.dashboards.process
          ),
        ],
      },
    ],
  },
}
