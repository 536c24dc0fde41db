// What the kernel killed. A counter that is born at 1 shows no increase: the time of the last kill does.
{
  local mixin = self,
  local config = mixin._config,
  local sel = config.memleakSelector,
  local lib = (import 'lib.libsonnet')(config),
  local d = lib.durations,
  local victim = {
    local died = lib.first('group', 'memleak_oom_last_kill_anon_memory_bytes{@}'),
    local ratio = lib.first('group', 'memleak_oom_last_kill_baseline_ratio{@}', format='printf "%.1f"', unit=' times its baseline', otherwise='its baseline is not known'),
    text: 'it held %s of anonymous memory, %s' % [died, ratio],
  }.text,

  prometheusAlerts+:: {
    groups+: [{
      name: 'memleak-oom',
      interval: d.text(config.every),
      rules: [
        lib.alert(
          'MemleakOomKill',
          'ticket',
          // Where the kernel's log may not be read, nobody knows the victim: then the node alerts.
          |||
            time() - max without (scope, pod) (memleak_oom_last_kill_timestamp_seconds{%(sel)s}) < %(recent)s
            or
            (
              increase(memleak_node_oom_kills_total{%(sel)s}[%(window)s]) > 0
              unless on (%(node)s) (time() - memleak_oom_last_kill_timestamp_seconds{%(sel)s} < %(recent)s)
            )
          ||| % { sel: sel, node: lib.node, recent: d.number(15 * 60), window: d.text(15 * 60) },
          0,
          {
            summary: 'The kernel killed a process for want of memory.',
            description: '{{ if $labels.group }}A process of {{ $labels.group }}{{ else }}A process that is not known{{ end }} on {{ $labels.instance }} was killed{{ if $labels.group }}: %s{{ else }}; the log of the kernel says which{{ end }}.' % victim,
            evidence: '{{ if $labels.group }}%s{{ end }}' % victim,
          },
          lib.dashboards.process
        ),
        lib.alert(
          'MemleakOomKillsRepeated',
          'page',
          // The counter begins with the exporter, at the first kill: where it did not exist an hour ago, or
          // was larger, all of it is new.
          |||
            sum without (scope, pod) (
              memleak_oom_kills_total{%(sel)s} - memleak_oom_kills_total{%(sel)s} offset %(window)s >= 0
              or memleak_oom_kills_total{%(sel)s}
            ) >= %(few)d
          ||| % { sel: sel, window: d.text(3600), few: config.repeatedKills },
          0,
          {
            summary: 'The kernel kills processes of one group again and again.',
            description: '{{ $value | printf "%%.0f" }} processes of {{ $labels.group }} on {{ $labels.instance }} were killed within the last hour: the last time %s.' % victim,
            evidence: victim,
          },
          lib.dashboards.process
        ),
      ],
    }],
  },
}
