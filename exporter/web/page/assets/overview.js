// The page at the top of which stands what somebody who was woken needs first.

import {get} from "./api.js";
import {el} from "./dom.js";
import {NodeLine} from "./node_line.js";
import {OomKills} from "./oom_kills.js";
import {Siblings} from "./siblings.js";
import {Suspects} from "./suspects.js";
import {Tables} from "./tables.js";
import {TopTen} from "./top_ten.js";

const MOST_GROUPS = 10000;
const MOST_MEMBERS = 400;

export class Overview {
  /** `onTables()` after the person has sorted or searched a table; `onExporter(node answer)`. */
  constructor({onTables, onNode}) {
    this.onNode = onNode;
    this.node = new NodeLine();
    this.topTen = new TopTen();
    this.suspects = new Suspects();
    this.siblings = new Siblings();
    this.tables = new Tables(onTables);
    this.kills = new OomKills();
    this.documentTitle = "";
    this.unfinished = false;
    this.element = el("div", {class: "overview"},
      this.node.element, this.topTen.element, this.suspects.element, this.siblings.element, this.tables.element,
      this.kills.element);
  }

  /** What is on top comes first. */
  async load() {
    const node = get("node");
    const suspected = ["processes", "groups", "cgroups"].map((path) => get(path, this.suspects.query));
    const first = [
      node.then((answer) => {
        this.node.update(answer, this.suspects.total);
        this.onNode(answer);
      }),
      get("processes", this.topTen.query).then((answer) => {
        this.topTen.update(answer);
        this.#mark("top-ten");
      }),
      Promise.all([node, ...suspected]).then(([answer, processes, groups, cgroups]) => {
        this.suspects.update({
          ...answer, processes: processes.processes, groups: groups.groups, cgroups: cgroups.cgroups});
        this.node.update(answer, this.suspects.total);
        this.#mark("suspects");
      }),
    ];
    await settled(first);
    await settled([
      get("groups", {limit: MOST_GROUPS}).then(async (groups) => {
        const chosen = this.siblings.choose(groups);
        this.siblings.update(chosen.length > 0
          ? await get("processes", {group: chosen, limit: MOST_MEMBERS, sort: "-footprint_bytes"}) : {processes: []});
      }),
      get("oom-kills").then((answer) => this.kills.update(answer)),
      this.loadTable(),
    ]);
    this.#mark("everything");
  }

  async loadTable() {
    await this.tables.load();
  }

  // For whoever looks at the browser's timeline: when what was first there.
  #mark(what) {
    const name = `memleak:${what}`;
    if (performance.getEntriesByName(name).length === 0) performance.mark(name);
  }
}

/** One part that fails must not keep the others from being shown. */
async function settled(parts) {
  const failed = (await Promise.allSettled(parts)).find(({status}) => status === "rejected");
  if (failed) throw failed.reason;
}
