// Siblings: the processes of one group, on one node and on all of them. What is compared across nodes is
// recorded here node by node, so that a ruler that sees all shards reads these series and no raw one.
{
  local mixin = self,
  local d = (import '../../durations.libsonnet')(mixin._config.timeScale),
  local sel = mixin._config.memleakSelector,

  prometheusRules+:: {
    groups+: [{
      name: 'memleak-siblings-recorded',
      interval: d.text(mixin._config.slowly),
      rules: [
        {
          // Small ones are nobody's outlier.
          record: 'group:memleak_siblings_largest_footprint_bytes',
          expr: 'memleak_group_largest_footprint_bytes{%s} > %d' % [sel, mixin._config.siblings.atLeastBytes / 4],
        },
        {
          record: 'group:memleak_siblings_oldest_start_time_seconds',
          expr: 'memleak_group_oldest_start_time_seconds{%s} and group:memleak_siblings_largest_footprint_bytes' % sel,
        },
        {
          // Only where the largest is the oldest of its node.
          record: 'group:memleak_siblings_oldest_largest_start_time_seconds',
          expr: |||
            memleak_group_largest_start_time_seconds{%(sel)s} == memleak_group_oldest_start_time_seconds{%(sel)s}
            and group:memleak_siblings_largest_footprint_bytes
          ||| % { sel: sel },
        },
      ],
    }],
  },
}
