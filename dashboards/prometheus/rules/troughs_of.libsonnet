// One resource, watched by its troughs: the lowest value of each of the last windows of one length, at
// several lengths. Garbage, batches and bursts come and go above the troughs; a leak lifts them.
//
// Cheap for many series: raw samples are read over five minutes only, longer windows are made of the
// minima of shorter ones, and what was is looked up by `offset`. What is recorded of every series are
// these minima and peaks; a rise exists only where a trough is higher than the one before, gain and all
// after it only where all of them are. All but the first minima are judged every few minutes, and what
// comes of them is told every minute.
//
// Nothing here needs the exporter's own trends, so it holds across its restarts; and no rule compares
// two lives of one program: windows count only when the life is older than all of them.
//
// The numbers were chosen on the `dev` set of tests/corpus; dashboards/README.md says what they reach.
function(config) {
  local of = self,
  local d = (import '../../durations.libsonnet')(config.timeScale),
  local minute = 60,
  local hour = 3600,
  local day = 24 * hour,

  // `group`, `process` or `node`, and what its series are named after.
  level:: error 'whose?',
  name:: error 'what?',
  // Selectors: what is watched, when its life began, how much is left of it, and what work it did in
  // CPU seconds. null where nothing says.
  raw:: error 'of what?',
  since:: null,
  left:: null,
  work:: null,
  // What to record; null for what nobody asks for.
  growth:: null,
  exhaustion:: null,
  suspected:: null,
  // Less growth than this, or than this share of the level, is noise.
  floor:: error 'how much?',
  share:: error 'which share?',
  // Names of `windows`, the shortest first: those that tell growth, and those that suspect a leak where
  // no end is known. Where one is, all do.
  scales:: error 'how long?',
  endless:: ['4h'],

  // `from` is the next shorter window. A leak is suspected by `troughs` minima in a row where the end is
  // nearer than `horizon`.
  local windows = {
    '5m': { seconds: 5 * minute, troughs: 8, horizon: 2 * hour },
    '15m': { seconds: 15 * minute, from: '5m', troughs: 5, horizon: 2 * hour },
    '30m': { seconds: 30 * minute, from: '15m', troughs: 5, horizon: 10 * hour },
    '1h': { seconds: hour, from: '30m', troughs: 5, horizon: 20 * hour },
    '2h': { seconds: 2 * hour, from: '1h', troughs: 5, horizon: 40 * hour },
    '4h': { seconds: 4 * hour, from: '2h', troughs: 5, horizon: 30 * day },
  },
  // The first minutes of a life count for nothing.
  local warmUp = 10 * minute,
  // Shares of the whole gain: no single rise is larger (a step), the newest rise is no less than so much
  // of the oldest, the newer half than of the older, the whole than of what was gained before (all of
  // them: it slows down), and so much is above the peaks of the day before (not a cycle).
  local largestRise = 0.4,
  local newestOfOldest = 0.7,
  local newerOfOlder = 0.7,
  local wholeOfBefore = 0.8,
  local newTerritory = 0.25,
  // More work than so many times the old explains more memory.
  local moreWork = 1.3,

  local series(operation) = of.level + ':' + of.name + ':' + operation,
  local recorded(what) = of.level + ':' + what + ':troughs',
  local ago(name, seconds) = if seconds == 0 then name else name + ' offset ' + d.text(seconds),
  local overTime(what, name, seconds, before=0) = '%s_over_time(%s)' % [what, ago('%s[%s]' % [name, d.text(seconds)], before)],
  local youngerThan(seconds) = '%s > time() - %s' % [of.since, d.number(seconds)],
  // What is judged every few minutes counts until it is judged again, which may come a little late.
  local latest(record) = overTime('last', record, config.slowly + config.every),
  local work = '%s:%s:work5m' % [of.level, of.name],
  local peak = series('max1d'),
  local current = series('min5m'),

  local minimum(name) = {
    record: series('min' + name),
    expr:
      if name == '5m' then
        overTime('min', of.raw, 5 * minute)
        + (if of.since == null then '' else '\nunless (%s)' % youngerThan(warmUp + 5 * minute))
      else
        local from = windows[name].from;
        overTime('min', series('min' + from), windows[name].seconds - windows[from].seconds),
  },

  local scale(name) = {
    local window = windows[name],
    local w = window.seconds,
    local n = window.troughs,
    local gain = series('gain' + name),
    // The newest is trough(0), and rise(0) its height above the one before.
    local trough(k) = ago(series('min' + name), k * w),
    local rise(k) = ago(series('rise' + name), k * w),
    local rises(from, to) = std.join(' + ', [rise(k) for k in std.range(from, to)]),
    local ofGrowing(what) = '0 * %s + %s' % [gain, what],
    local whole = (n - 1) * w,
    local half = std.floor((n - 1) / 2),

    name:: name,
    whole:: whole,
    // What is known of few stands to the left of what is known of all: that is only looked up then, and
    // not computed for all.
    rise:: { record: series('rise' + name), expr: '%s - %s > 0' % [trough(0), trough(1)] },
    gain:: {
      // How much higher the newest trough is than the oldest, where each is higher than the one before.
      record: gain,
      expr: |||
        (%(rises)s >= %(floor)d)
        and ((%(rises)s) / %(share)g >= %(newest)s)
        and %(current)s
      ||| % {
        rises: rises(0, n - 2),
        floor: of.floor,
        share: of.share,
        newest: trough(0),
        current: current,
      } + (if of.since == null then '' else 'unless (%s)\n' % youngerThan(n * w + warmUp + 5 * minute)),
    },
    leak:: {
      record: series('leak' + name),
      expr: std.join('\n', [
        gain,
      ] + [
        'and (%g * %s >= %s)' % [largestRise, gain, rise(k)]
        for k in std.range(0, n - 2)
      ] + [
        'and (%s >= %g * (%s))' % [ofGrowing(rise(0)), newestOfOldest, ofGrowing(rise(n - 2))],
        'and (%s >= %g * (%s))' % [ofGrowing(rises(0, half - 1)), newerOfOlder, ofGrowing(rises(n - 1 - half, n - 2))],
        'unless (%s / %g + %s < %s%s)' % [gain, wholeOfBefore, trough(2 * (n - 1)), trough(n - 1), sameLife((2 * n - 1) * w)],
        'unless (%g * %s + %s > %s%s)' % [newTerritory, gain, ago(peak, n * w), trough(0), sameLife(n * w + day)],
      ] + (
        if of.work == null || w < hour / 2 then [] else [
          'unless ((%s) / %g > %s)' % [ofGrowing(overTime('avg', work, w)), moreWork, overTime('avg', work, w, whole)],
        ]
      ) + (
        if of.left == null then []
        else if std.member(of.endless, name) then ['unless (%g * %s < %s)' % [window.horizon / whole, gain, of.left]]
        else ['and (%g * %s > %s)' % [window.horizon / whole, gain, of.left]]
      )),
    },
    // What was there the time before, too.
    suspicion:: { record: series('suspected' + name), expr: '%s and %s' % [series('leak' + name), ago(series('leak' + name), config.slowly)] },

    // What is older than the life is another one's, and says nothing about this one.
    local sameLife(seconds) = if of.since == null then '' else ' unless %s' % youngerThan(seconds + warmUp + 5 * minute),
  },

  local names = ['5m', '15m', '30m', '1h', '2h', '4h'],
  local longest = of.scales[std.length(of.scales) - 1],
  local recordedMinima = names[:std.find(longest, names)[0] + 1],
  local scales = [scale(name) for name in of.scales],
  local tells(name) = of.suspected != null && std.member(of.scales, name) && (of.left != null || std.member(of.endless, name)),
  local telling = [each for each in scales if tells(each.name)],
  local group(name, seconds, rules) = {
    name: std.strReplace('memleak-%s-%s-%s' % [of.level, std.strReplace(of.name, 'memleak_', ''), name], '_', '-'),
    interval: d.text(seconds),
    rules: rules,
  },
  local tell(which) = std.join('\nor ', which),

  local all = [
    // The only ones that read raw samples of everything.
    group('thinned', config.every, [minimum(names[0])]),
  ] + [
    group(name, config.slowly, (if name == names[0] then [] else [minimum(name)]) + (
      if of.suspected == null || name != '1h' then [] else [
        { record: series('max1h'), expr: overTime('max', current, hour) },
        { record: peak, expr: overTime('max', series('max1h'), day - hour) },
      ]
    ) + (
      if of.work == null || name != '30m' then [] else [{ record: work, expr: 'rate(%s[%s])' % [of.work, d.text(5 * minute)] }]
    ) + (
      if std.member(of.scales, name) then [scale(name).rise, scale(name).gain] else []
    ) + (
      if tells(name) then [scale(name).leak, scale(name).suspicion] else []
    ))
    for name in recordedMinima
  ] + [
    group('troughs', config.every, [
      {
        record: recorded(of.growth),
        expr: tell(['%s / %s' % [latest(each.gain.record), d.number(each.whole)] for each in std.reverse(scales)]),
      },
    ] + (
      if of.exhaustion == null then [] else [{
        record: recorded(of.exhaustion),
        expr: '%s / %s' % [of.left, recorded(of.growth)],
      }]
    ) + (
      if of.suspected == null then [] else [{
        record: recorded(of.suspected),
        expr: '0 * (\n%s\n) + 1' % tell([latest(each.suspicion.record) for each in telling]),
      }]
    )),
  ],

  // One without rules is refused by some that read these files.
  groups: [each for each in all if each.rules != []],
}
