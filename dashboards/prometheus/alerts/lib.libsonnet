// What all alerts have in common.
function(config) {
  local d = (import '../../durations.libsonnet')(config.timeScale),
  local lib = self,

  durations:: d,
  // The labels that name a node, a group of a node, and a group wherever it runs.
  node:: '%s, job, instance' % config.clusterLabel,
  group:: lib.node + ', namespace, group, container',
  workload:: '%s, job, namespace, group, container' % config.clusterLabel,

  // `dashboard`: uid and variables, linked where the site says where its Grafana is.
  alert(name, severity, expr, hold, annotations, dashboard):: {
    alert: name,
    expr: expr,
    [if hold > 0 then 'for']: d.text(hold),
    labels: { severity: config.severities[severity] },
    annotations: annotations {
      runbook_url: config.runbookUrl % name,
      [if config.grafanaUrl != '' then 'dashboard_url']: config.grafanaUrl + dashboard,
    },
  },

  // By the verdict; where there is none, by the troughs. An exporter that starts without a state must see a
  // slow leak for hours before it says so again: what it suspected before it started goes on meanwhile. A
  // verdict that ended since then is believed.
  suspected(verdict, troughs, last):: |||
    %(verdict)s{%(sel)s} == 1
    or
    (%(troughs)s unless %(verdict)s{%(sel)s})
    or
    (
      %(troughs)s
      and (last_over_time(%(last)s[%(day)s]) < on (%(node)s) group_left () process_start_time_seconds{%(sel)s})
    )
  ||| % {
    verdict: verdict,
    troughs: troughs,
    last: last,
    sel: config.memleakSelector,
    node: lib.node,
    day: d.text(24 * 3600),
  },

  // What is predicted for those that leak, and for those that are nearly there and still grow, now as in
  // the long run: a warm-up that flattens below its limit is neither, nor a leak that stopped. The troughs count only where there is no verdict. A site's
  // own limits are `bounds`; `left` is a series of the share that is left.
  predicted(verdict, troughs, left, bounds, imminent):: |||
    (
      (%(exhaustion)s or (%(troughsExhaustion)s unless %(suspected)s)) < %(seconds)s
      and %(left)s < %(share)g
      and (%(suspected)s == 1 or (%(troughsSuspected)s unless %(suspected)s))
    )
  ||| % {
    exhaustion: verdict.exhaustion,
    suspected: verdict.suspected,
    troughsExhaustion: troughs.exhaustion,
    troughsSuspected: troughs.suspected,
    left: left,
    share: bounds.left,
    seconds: d.number(bounds.seconds),
  } + (
    if imminent == null then '' else |||
      or
      (
        %(exhaustion)s < %(seconds)s
        and %(left)s < %(share)g
        and %(growth)s > 0
        and %(held)s > %(held)s offset %(recent)s
      )
    ||| % {
      held: verdict.held,
      recent: d.text(10 * 60),
      exhaustion: verdict.exhaustion,
      growth: verdict.growth,
      left: left,
      share: imminent.left,
      seconds: d.number(imminent.seconds),
    }
  ),

  // The same alert as a ticket and as a page; `of` makes the rule from its severity.
  pair(of):: [of('ticket', 'warning'), of('page', 'critical')],

  local variable(label) = 'var-%s={{ $labels.%s | urlquery }}' % [label, label],
  dashboards:: {
    process: '/d/memleak-process?' + std.join('&', [variable('instance'), variable('group')]),
    node: '/d/memleak-node?' + variable('instance'),
    containers: '/d/memleak-containers?' + variable('instance'),
    exporter: '/d/memleak-exporter?' + variable('instance'),
  },

  // Templates of Prometheus. `query` fills the labels of the alert into a selector, so that an annotation
  // can tell what other series know of the same group or process. %q quotes names of hostile bytes.
  local quoted(labels) = std.join(', ', ['%s=%%q' % label for label in labels]),
  local filled(labels) = std.join(' ', ['$labels.%s' % label for label in labels]),
  local identity = {
    node: [config.clusterLabel, 'job', 'instance'],
    group: [config.clusterLabel, 'job', 'instance', 'namespace', 'group', 'container'],
    // Its processes may be in several pods, and belong to it all the same.
    members: [config.clusterLabel, 'job', 'instance', 'group'],
    process: [config.clusterLabel, 'job', 'instance', 'group', 'pid'],
    cgroup: [config.clusterLabel, 'job', 'instance', 'cgroup'],
  },
  // In `expr`, {@} is the selector. `text` is the template of one value.
  local queried(of, expr, text, otherwise) =
    local labels = identity[of];
    // A percent sign of `expr` is none of printf's.
    local format = std.strReplace(std.strReplace(expr, '%', '%%'), '@', quoted(labels));
    local fills = std.join(' ', std.makeArray(std.length(std.findSubstr('@', expr)), function(_) filled(labels)));
    '{{ with printf `%s` %s | query }}%s{{ else }}%s{{ end }}' % [format, fills, text, otherwise],

  // After the text `before`, which `otherwise` goes without.
  first(of, expr, format='humanize1024', unit='B', otherwise='unknown', before='')::
    queried(of, expr, before + '{{ . | first | value | %s }}%s' % [format, unit], otherwise),

  // "heap 310MiB, anonymous 4MiB" after the text `before`; nothing at all where nothing is known.
  list(of, expr, label, format='humanize1024', unit='B', before='')::
    queried(of, expr, before + '{{ range $i, $each := . }}{{ if $i }}, {{ end }}{{ $each.Labels.%s }} {{ $each.Value | %s }}%s{{ end }}' % [label, format, unit], ''),
}
