// Builds dashboards out of plain objects: selectors, queries, panels, variables and their layout.
// `(import 'lib.libsonnet')(config)`; what it makes is merged with + where a panel wants more.
function(config) {
  local lib = self,
  local datasource = { type: 'prometheus', uid: '${datasource}' },

  // Selectors

  // The matchers of every selector. A cluster label may be missing, and then matches '.*'.
  selected:: std.join(', ', [
    matcher
    for matcher in [
      config.memleakSelector,
      config.clusterLabel + '=~"$cluster"',
      'job=~"$job"',
      'instance=~"$instance"',
    ]
    if matcher != ''
  ]),

  // metric{the matchers of every selector, and `more`}
  series(metric, more=''):: '%s{%s}' % [metric, std.join(', ', [lib.selected] + (if more == '' then [] else [more]))],

  rate(metric, more=''):: 'rate(%s[$__rate_interval])' % lib.series(metric, more),

  // The `count` largest at the end of what is shown. topk() alone picks others at each step, and draws
  // every series that was ever among them. `expression` has %s behind each selector or range.
  largest(count, expression):: '%s\nand topk(%d, %s)' % [
    lib.at('', expression),
    count,
    lib.at(' @ end()', expression),
  ],
  smallest(count, expression):: '%s\nand bottomk(%d, %s)' % [
    lib.at('', expression),
    count,
    lib.at(' @ end()', expression),
  ],
  at(when, expression):: std.strReplace(expression, '%s', when),

  // Queries

  query(expression, legend):: { expr: expression, legendFormat: legend, range: true, instant: false, format: 'time_series' },
  latest(expression, legend=''):: { expr: expression, legendFormat: legend, range: false, instant: true, format: 'time_series' },
  column(expression):: { expr: expression, legendFormat: '', range: false, instant: true, format: 'table' },

  // Panels

  local panel(type, title, description, unit, targets) = {
    type: type,
    title: title,
    description: description,
    datasource: datasource,
    targets: [
      targets[i] { refId: std.char(std.codepoint('A') + i), datasource: datasource }
      for i in std.range(0, std.length(targets) - 1)
    ],
    fieldConfig: { defaults: { unit: unit, thresholds: lib.neutral }, overrides: [] },
    options: {},
    transformations: [],
  },

  // Thresholds: [[value, colour]...] above a base that is never red.
  thresholds(steps, base='green'):: {
    mode: 'absolute',
    steps: [{ color: base, value: null }] + [{ color: step[1], value: step[0] } for step in steps],
  },
  neutral:: lib.thresholds([], 'blue'),
  // Of a time that is left: little of it is the worse end.
  timeLeft:: {
    mode: 'absolute',
    steps: [
      { color: 'orange', value: null },
      { color: 'blue', value: config.exhaustion.warning.seconds * config.timeScale },
    ],
  },

  stat(title, description, unit, expression, thresholds=lib.neutral, none='none', graph=true)::
    panel('stat', title, description, unit, [
      if graph then lib.query(expression, '') else lib.latest(expression),
    ]) {
      size:: [4, 4],
      fieldConfig+: { defaults+: { thresholds: thresholds, color: { mode: 'thresholds' }, noValue: none } },
      options: {
        colorMode: 'value',
        graphMode: if graph then 'area' else 'none',
        justifyMode: 'auto',
        orientation: 'auto',
        textMode: 'value',
        wideLayout: true,
        percentChangeColorMode: 'standard',
        showPercentChange: false,
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      },
    },

  timeSeries(title, description, unit, targets, none='No data')::
    panel('timeseries', title, description, unit, targets) {
      size:: [12, 8],
      fieldConfig+: {
        defaults+: {
          noValue: none,
          color: { mode: 'palette-classic' },
          min: 0,
          custom: {
            drawStyle: 'line',
            lineWidth: 1,
            fillOpacity: 10,
            showPoints: 'never',
            // Milliseconds: a missed scrape is bridged, an outage is a gap.
            spanNulls: 120000,
            stacking: { mode: 'none', group: 'A' },
            thresholdsStyle: { mode: 'off' },
          },
        },
      },
      options: {
        legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] },
        tooltip: { mode: 'multi', sort: 'desc' },
      },
    },

  stacked:: { fieldConfig+: { defaults+: { custom+: { fillOpacity: 40, lineWidth: 0, stacking: { mode: 'normal', group: 'A' } } } } },
  logarithmic:: { fieldConfig+: { defaults+: { min:: null, custom+: { fillOpacity: 0, scaleDistribution: { type: 'log', log: 10 } } } } },
  most(value):: { fieldConfig+: { defaults+: { max: value } } },
  // Thresholds as dashed lines.
  limits(steps):: {
    fieldConfig+: { defaults+: { thresholds: lib.thresholds(steps, 'transparent'), custom+: { thresholdsStyle: { mode: 'dashed' } } } },
  },

  // What is there to compare with, not to worry about.
  grey(name):: lib.drawn(name, { fillOpacity: 0, lineWidth: 1, lineStyle: { fill: 'dash', dash: [6, 4] }, stacking: { mode: 'none', group: 'B' } }, '#8e8e8e'),
  // A level that the others are held against.
  level(name, colour='semi-dark-orange'):: lib.drawn(name, { fillOpacity: 0, lineWidth: 2, lineStyle: { fill: 'dash', dash: [10, 6] }, stacking: { mode: 'none', group: 'B' } }, colour),
  strong(name, colour):: lib.drawn(name, { lineWidth: 2 }, colour),
  coloured(name, colour):: lib.drawn(name, {}, colour),
  drawn(name, custom, colour):: {
    fieldConfig+: {
      overrides+: [{
        matcher: { id: 'byName', options: name },
        properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: colour } }] + [
          { id: 'custom.' + key, value: custom[key] }
          for key in std.objectFields(custom)
        ],
      }],
    },
  },

  barGauge(title, description, unit, expression, legend, none='No data')::
    panel('bargauge', title, description, unit, [lib.latest(expression, legend)]) {
      size:: [12, 8],
      fieldConfig+: { defaults+: { noValue: none, min: 0, color: { mode: 'thresholds' } } },
      options: {
        displayMode: 'basic',
        orientation: 'horizontal',
        showUnfilled: true,
        valueMode: 'color',
        namePlacement: 'auto',
        sizing: 'auto',
        minVizWidth: 8,
        minVizHeight: 16,
        maxVizHeight: 300,
        legend: { showLegend: false, displayMode: 'list', placement: 'bottom', calcs: [] },
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      },
    },

  // A table of instant queries, one row for each set of labels. `columns`: objects with `label` and
  // `name` for a label of the series, `expr`, `name` and `unit` for a query; and `width`, `link`,
  // `thresholds`, `mappings`. A query without a name says which rows there are.
  table(title, description, columns, none, sortBy=null)::
    local shown = [column for column in columns if std.objectHas(column, 'name')];
    local queries = [column for column in columns if std.objectHas(column, 'expr')];
    local valueName(i) = if std.length(queries) == 1 then 'Value' else 'Value #' + std.char(std.codepoint('A') + i);
    local fieldOf(column) =
      if std.objectHas(column, 'label') then column.label
      else valueName([i for i in std.range(0, std.length(queries) - 1) if queries[i] == column][0]);
    local property(id, value) = { id: id, value: value };
    panel('table', title, description, 'short', [lib.column(column.expr) for column in queries]) {
      size:: [24, 8],
      fieldConfig+: {
        defaults+: { noValue: none, custom: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false } },
        overrides: [
          {
            matcher: { id: 'byName', options: column.name },
            properties: [property('unit', if std.objectHas(column, 'label') then 'string' else if std.objectHas(column, 'unit') then column.unit else 'none')]
                        // An empty cell is not an empty table.
                        + [property('noValue', '–')]
                        + (if std.objectHas(column, 'decimals') then [property('decimals', column.decimals)] else [])
                        + (if std.objectHas(column, 'width') then [property('custom.width', column.width)] else [])
                        + (if std.objectHas(column, 'mappings') then [property('mappings', column.mappings)] else [])
                        + (if std.objectHas(column, 'link') then [property('links', [column.link])] else [])
                        + (if std.objectHas(column, 'thresholds') then [
                             property('thresholds', column.thresholds),
                             property('custom.cellOptions', { type: 'color-text' }),
                           ] else []),
          }
          for column in shown
        ],
      },
      options: {
        showHeader: true,
        cellHeight: 'sm',
        sortBy: if sortBy == null then [] else [{ displayName: sortBy.name, desc: sortBy.desc }],
      },
      transformations: [
        // A name of a metric is of one column alone, and rows are one where all that columns share is equal.
        { id: 'filterFieldsByName', options: { exclude: { names: ['__name__', 'Time'] } } },
        { id: 'merge', options: {} },
        // Keeps these columns, in this order, under these names.
        { id: 'filterFieldsByName', options: { include: { names: [fieldOf(column) for column in shown] } } },
        {
          id: 'organize',
          options: {
            excludeByName: {},
            indexByName: { [fieldOf(shown[i])]: i for i in std.range(0, std.length(shown) - 1) },
            renameByName: { [fieldOf(column)]: column.name for column in shown },
          },
        },
      ],
    },

  row(title):: { type: 'row', title: title, collapsed: false, panels: [], size:: [24, 1] },
  sized(width, height):: { size:: [width, height] },

  // Links

  uid(name):: 'memleak-' + name,
  // To another dashboard, about what a row of a table tells; all else is carried over.
  // `columns`: {variable: name of the column}.
  linkTo(name, title, columns):: {
    title: title,
    targetBlank: false,
    url: '/d/%s?${datasource:queryparam}&${cluster:queryparam}&${job:queryparam}&%s&${__url_time_range}' % [
      lib.uid(name),
      std.join('&', ['var-%s=${__data.fields.%s:percentencode}' % [variable, columns[variable]] for variable in std.objectFields(columns)]),
    ],
  },

  // Variables

  variable(name, label, query, allValue='.+', more={}):: {
    type: 'query',
    name: name,
    label: label,
    datasource: datasource,
    query: { query: query, refId: 'Variable-' + name },
    refresh: 2,
    sort: 1,
    regex: '',
    hide: 0,
    skipUrlSync: false,
    multi: true,
    includeAll: true,
    allValue: allValue,
    current: { selected: true, text: ['All'], value: ['$__all'] },
    options: [],
  } + more,

  // Of thousands: without "All", whoever opens the dashboard chooses.
  chosen:: { includeAll: false, allValue:: null, current:: null },

  local whence = config.memleakSelector,
  local commonVariables = [
    {
      type: 'datasource',
      name: 'datasource',
      label: 'Data source',
      query: 'prometheus',
      refresh: 1,
      regex: '',
      hide: 0,
      skipUrlSync: false,
      multi: false,
      includeAll: false,
      options: [],
    },
    lib.variable('cluster', 'Cluster', 'label_values(memleak_exporter_build_info{%s}, %s)' % [whence, config.clusterLabel], '.*'),
    lib.variable('job', 'Job', 'label_values(memleak_exporter_build_info{%s}, job)' % std.join(', ', [
      m
      for m in [whence, config.clusterLabel + '=~"$cluster"']
      if m != ''
    ])),
    // The values of a label that every series has are dear to ask for.
    lib.variable('instance', 'Node', 'query_result(group by (instance) (last_over_time(memleak_exporter_build_info{%s}[$__range])))' % std.join(', ', [
      m
      for m in [whence, config.clusterLabel + '=~"$cluster"', 'job=~"$job"']
      if m != ''
    ]), more={ regex: '/instance="([^"]+)"/' }),
  ],

  // Dashboards

  // Places panels from left to right, and on the next line what does not fit; numbers them.
  local layout(panels) = std.foldl(
    function(done, panel)
      local w = panel.size[0];
      local h = panel.size[1];
      local wraps = done.x + w > 24;
      local x = if wraps then 0 else done.x;
      local y = if wraps then done.y + done.h else done.y;
      {
        x: x + w,
        y: y,
        h: if wraps then h else std.max(done.h, h),
        out: done.out + [panel { id: std.length(done.out) + 1, gridPos: { x: x, y: y, w: w, h: h } }],
      },
    panels,
    { x: 0, y: 0, h: 0, out: [] }
  ).out,

  dashboard(name, title, description, variables, panels, from='now-6h'):: {
    uid: lib.uid(name),
    title: title,
    description: description,
    tags: config.dashboardTags,
    editable: false,
    schemaVersion: 39,
    version: 1,
    timezone: 'browser',
    graphTooltip: 1,
    refresh: config.dashboardRefresh,
    time: { from: from, to: 'now' },
    fiscalYearStartMonth: 0,
    weekStart: '',
    timepicker: {},
    annotations: { list: [] },
    links: [{
      type: 'dashboards',
      title: 'Memory leaks',
      tags: config.dashboardTags,
      icon: 'external link',
      tooltip: '',
      url: '',
      asDropdown: false,
      includeVars: true,
      keepTime: true,
      targetBlank: false,
    }],
    templating: { list: commonVariables + variables },
    panels: layout(panels),
  },
}
