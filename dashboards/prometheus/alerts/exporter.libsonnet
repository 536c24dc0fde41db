// Whether the exporter itself can be trusted.
{
  local mixin = self,
  local config = mixin._config,
  local sel = config.memleakSelector,
  local lib = (import 'lib.libsonnet')(config),
  local d = lib.durations,
  local ticket(name, expr, hold, summary, description) = lib.alert(
    name, 'ticket', expr, hold, { summary: summary, description: description }, lib.dashboards.exporter
  ),

  prometheusAlerts+:: {
    groups+: [{
      name: 'memleak-exporter',
      interval: d.text(config.every),
      rules: [
        ticket(
          'MemleakExporterDown',
          'up{%(sel)s} == 0 or absent(up{%(sel)s})' % { sel: sel },
          10 * 60,
          'Nobody watches a node for leaks.',
          '{{ if $labels.instance }}The exporter on {{ $labels.instance }} does not answer{{ else }}Prometheus has no exporter to scrape{{ end }}. Leaks go unseen until it is back.'
        ),
        ticket(
          'MemleakScrapeSlow',
          'scrape_duration_seconds{%s} > %g' % [sel, config.slowScrapeSeconds],
          15 * 60,
          'A scrape of the exporter takes too long.',
          'A scrape of {{ $labels.instance }} takes {{ $value | humanizeDuration }}. Beyond the scrape timeout, 10 s by default, nothing is seen at all.'
        ),
        ticket(
          'MemleakCollectorFailing',
          'memleak_scrape_collector_success{%s} == 0' % sel,
          15 * 60,
          'A collector of the exporter fails.',
          'Collector {{ $labels.collector }} on {{ $labels.instance }} fails: its series are missing, all others are right.'
        ),
        ticket(
          'MemleakProcessesUnreadable',
          |||
            memleak_scrape_processes{%(sel)s, result=~"denied|malformed"} > 0
            or
            label_replace(memleak_node_processes_hidden{%(sel)s} == 1, "result", "hidden", "", "")
          ||| % { sel: sel },
          15 * 60,
          'The exporter does not see every process.',
          '{{ if eq $labels.result "hidden" }}/proc of {{ $labels.instance }} hides processes of others from the exporter{{ else }}{{ $value }} processes on {{ $labels.instance }} could not be read: {{ $labels.result }}{{ end }}. A leak in them goes unseen.'
        ),
        ticket(
          'MemleakSlowReadsStuck',
          'memleak_slow_reads_stuck{%s} > 0' % sel,
          15 * 60,
          'Files of a process do not answer.',
          '{{ $value }} reads on {{ $labels.instance }} have not come back: the processes hang, often on a dead network file system. Names and evidence of them are missing.'
        ),
      ],
    }],
  },
}
