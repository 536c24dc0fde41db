// How full things are: the shares that alerts ask for before they believe a prediction.
{
  local mixin = self,
  local d = (import '../../durations.libsonnet')(mixin._config.timeScale),
  local sel = mixin._config.memleakSelector,
  local node = 'on (%(clusterLabel)s, job, instance)' % mixin._config,
  local member = '%(clusterLabel)s, job, instance, group' % mixin._config,

  prometheusRules+:: {
    groups+: [{
      name: 'memleak-levels',
      interval: d.text(mixin._config.every),
      rules: [
        {
          record: 'node:memleak_memory_available:ratio',
          expr: 'memleak_node_memory_available_bytes{%(sel)s} / memleak_node_memory_total_bytes{%(sel)s}' % { sel: sel },
        },
        {
          record: 'node:memleak_headroom_bytes',
          expr: |||
            memleak_node_memory_available_bytes{%(sel)s}
            + (memleak_node_swap_free_bytes{%(sel)s} or 0 * memleak_node_memory_available_bytes{%(sel)s})
          ||| % { sel: sel },
        },
        {
          // Of the node's limit where that is the nearest, else of the group's own: a small group that
          // fills the last gigabyte of a node is near the end, too.
          record: 'group:memleak_shared_headroom:ratio',
          expr: |||
            0 * (
              memleak_group_headroom_bytes{%(sel)s}
              >= %(node)s group_left () (0.95 * node:memleak_headroom_bytes)
            ) + %(node)s group_left () node:memleak_memory_available:ratio
            or
            memleak_group_headroom_bytes{%(sel)s}
            / (memleak_group_headroom_bytes{%(sel)s} + memleak_group_footprint_bytes{%(sel)s})
          ||| % { sel: sel, node: node },
        },
        {
          // Replicas on one node share no limit: the fullest of their containers is the first to end.
          record: 'group:memleak_container_headroom:ratio',
          expr: |||
            min by (%(member)s) (
              memleak_cgroup_headroom_bytes{%(sel)s, kind="container", group!=""}
              / (
                memleak_cgroup_headroom_bytes{%(sel)s, kind="container", group!=""}
                + memleak_cgroup_unreclaimable_memory_bytes{%(sel)s, kind="container", group!=""}
              )
            )
          ||| % { sel: sel, member: member },
        },
        {
          record: 'group:memleak_headroom:ratio',
          expr: |||
            group:memleak_shared_headroom:ratio <= on (%(member)s) group_left () group:memleak_container_headroom:ratio
            or
            0 * group:memleak_shared_headroom:ratio + on (%(member)s) group_left () group:memleak_container_headroom:ratio
            or
            group:memleak_shared_headroom:ratio
          ||| % { member: member },
        },
        {
          // Whose end it is: the node's, with all that runs there, or that of a cgroup.
          record: 'group:memleak_limit:info',
          labels: { limit: 'node' },
          expr: '0 * (group:memleak_headroom:ratio == %s group_left () node:memleak_memory_available:ratio) + 1' % node,
        },
        {
          record: 'group:memleak_limit:info',
          labels: { limit: 'cgroup' },
          expr: '(0 * group:memleak_headroom:ratio + 1) unless ignoring (limit) group:memleak_limit:info{limit="node"}',
        },
        {
          record: 'group:memleak_fds_left:ratio',
          expr: 'min without (pid, comm, pod) (1 - memleak_process_open_fds{%(sel)s} / memleak_process_max_fds{%(sel)s})' % { sel: sel },
        },
      ],
    }],
  },
}
