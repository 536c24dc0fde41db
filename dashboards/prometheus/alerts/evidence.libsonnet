// The short texts that a notification shows: who grows how fast, how long is left, and what is known.
function(lib) {
  growth: lib.first('group', '3600 * (memleak_group_growth_bytes_per_second{@} > 0 or group:memleak_growth_bytes_per_second:troughs{@})', unit='B/h'),

  timeLeft: lib.first('group', 'memleak_group_exhaustion_seconds{@} or group:memleak_exhaustion_seconds:troughs{@}', format='humanizeDuration', unit='', otherwise='no limit in sight'),

  // From what to what, which memory, whose heap, which descriptors.
  memory:
    lib.first('group', 'memleak_group_baseline_bytes{@}', unit='B, ', before='was ', otherwise='')
    + 'is ' + lib.first('group', 'memleak_group_footprint_bytes{@}')
    + ', ' + lib.first('group', 'memleak_group_headroom_bytes{@}') + ' left to the limit'
    + lib.list('members', 'topk(3, sum by (mapping) (memleak_process_mapped_memory_bytes{@}))', 'mapping', before='; memory mapped: ')
    + lib.list('members', 'topk(1, memleak_jvm_old_generation_after_full_collection_bytes{@})', 'pid', before='; Java heap after full collections, pid '),

  descriptors:
    lib.first('group', 'memleak_group_open_fds{@}', format='printf "%.0f"', unit=' open')
    + lib.list('members', 'topk(3, sum by (kind) (memleak_process_fds{@}))', 'kind', format='printf "%.0f"', unit='', before='; by kind: '),
}
