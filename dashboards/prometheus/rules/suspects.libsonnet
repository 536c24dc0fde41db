// What is known of the groups that are suspected now, and of no others. The dashboard of a fleet reads
// these few series, where picking the suspects out of all groups would read every group for each column.
// The label `resource` says what leaks.
{
  local mixin = self,
  local d = (import '../../durations.libsonnet')(mixin._config.timeScale),
  local sel = mixin._config.memleakSelector,

  // What the exporter says comes first; the troughs speak where it does not.
  local resources = {
    memory: {
      suspected: 'memleak_group_leak_suspected{%s} == 1 or (group:memleak_leak_suspected:troughs unless memleak_group_leak_suspected{%s})' % [sel, sel],
      growth: 'memleak_group_growth_bytes_per_second{%s} > 0 or group:memleak_growth_bytes_per_second:troughs' % sel,
      exhaustion: 'memleak_group_exhaustion_seconds{%s} or group:memleak_exhaustion_seconds:troughs' % sel,
    },
    shmem: {
      suspected: 'memleak_group_shmem_leak_suspected{%s} == 1' % sel,
      growth: 'memleak_group_shmem_growth_bytes_per_second{%s} > 0' % sel,
    },
    fds: {
      suspected: 'memleak_group_fd_leak_suspected{%s} == 1 or (group:memleak_fd_leak_suspected:troughs unless memleak_group_fd_leak_suspected{%s})' % [sel, sel],
      growth: 'memleak_group_fd_growth_per_second{%s} > 0 or group:memleak_fd_growth_per_second:troughs' % sel,
      exhaustion: 'memleak_group_fd_exhaustion_seconds{%s} or group:memleak_fd_exhaustion_seconds:troughs' % sel,
    },
  },
  local suspects(resource) =
    'and ignoring (resource) group:memleak_leak_suspected:any{resource="%s"}' % resource,

  // One rule for each resource of which `what` is known.
  local each(record, what) = [
    {
      record: record,
      labels: { resource: resource },
      expr: '(%s) %s' % [resources[resource][what], suspects(resource)],
    }
    for resource in std.objectFields(resources)
    if std.objectHas(resources[resource], what)
  ],

  prometheusRules+:: {
    groups+: [{
      name: 'memleak-suspects',
      interval: d.text(mixin._config.every),
      rules: [
               {
                 record: 'group:memleak_leak_suspected:any',
                 labels: { resource: resource },
                 expr: resources[resource].suspected,
               }
               for resource in std.objectFields(resources)
             ] + [
               // A group is one, whatever of it leaks.
               {
                 record: 'node:memleak_suspected_groups:count',
                 expr: 'count without (group, namespace, container) (count without (resource) (group:memleak_leak_suspected:any))',
               },
             ] + each('group:memleak_growth_per_second:suspects', 'growth')
             + each('group:memleak_exhaustion_seconds:suspects', 'exhaustion') + [
        // When the exporter last said so: what it said before it started again is not forgotten.
        {
          record: 'group:memleak_leak_last_suspected_timestamp_seconds',
          expr: 'timestamp(memleak_group_leak_suspected{%s}) and memleak_group_leak_suspected{%s} == 1' % [sel, sel],
        },
        {
          record: 'group:memleak_fd_leak_last_suspected_timestamp_seconds',
          expr: 'timestamp(memleak_group_fd_leak_suspected{%s}) and memleak_group_fd_leak_suspected{%s} == 1' % [sel, sel],
        },
        {
          record: 'group:memleak_footprint_bytes:suspects',
          expr: 'memleak_group_footprint_bytes{%s} and ignoring (resource) group:memleak_leak_suspected:any{resource=~"memory|shmem"}' % sel,
        },
        {
          record: 'group:memleak_baseline_bytes:suspects',
          expr: 'memleak_group_baseline_bytes{%s} and ignoring (resource) group:memleak_leak_suspected:any{resource=~"memory|shmem"}' % sel,
        },
        {
          record: 'group:memleak_open_fds:suspects',
          expr: 'memleak_group_open_fds{%s} and ignoring (resource) group:memleak_leak_suspected:any{resource="fds"}' % sel,
        },
      ],
    }],
  },
}
