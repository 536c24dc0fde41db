// Durations, all scaled by `timeScale` alike. Every duration in a rule comes from here: as the text of
// PromQL (`text`), or as the number of seconds that a value is compared with (`number`).
function(scale) {
  local units = [['d', 86400000], ['h', 3600000], ['m', 60000], ['s', 1000], ['ms', 1]],

  text(seconds)::
    local ms = std.max(1, std.floor(seconds * scale * 1000 + 0.5));
    local exact = [unit for unit in units if ms % unit[1] == 0];
    // Not by std.format, which is slow, and this is called for every duration.
    ms / exact[0][1] + exact[0][0],

  number(seconds):: '%.14g' % (seconds * scale),
}
