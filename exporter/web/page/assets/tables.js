// The tables of all processes, groups and containers: their columns, and the histories of what is in
// sight.

import {get} from "./api.js";
import {el, printable, setAttribute, setText} from "./dom.js";
import * as format from "./format.js";
import {drawSparkline, sparkline} from "./plot.js";
import {Table} from "./table.js";
import {changeSince, descriptors, severity, timeLeft, timeLeftText, verdict} from "./words.js";

const ALL = 10000;
// A request line is bounded, and paths of containers are long.
const LONGEST_CHOICE = 6000;
const MOST_CHOSEN = 100;

const searchAll = (row) => [
  row.pid, row.comm, row.group, row.user, row.namespace, row.pod, row.container, row.unit, row.cgroup, row.kind,
  row.runtime, row.suspect ? "suspect" : ""].filter(Boolean).join(" ");

export const toProcess = (pid) => `#/process/${pid}`;
export const toProcesses = (search) => `#/processes?search=${encodeURIComponent(search)}`;

function hostCell(id, title, value, extra = {}) {
  return {
    id, title, value, ...extra,
    fill: (cell, row) => {
      const text = printable(value(row) ?? "") || format.UNKNOWN;
      setText(cell, text);
      setAttribute(cell, "title", text);
    },
  };
}

function figure(id, title, show, extra = {}) {
  return {id, title, kind: "number", value: (row) => row[id], text: (row) => show(row[id]), ...extra};
}

const footprint = figure("footprint_bytes", "Footprint", format.bytes,
  {hint: "Anonymous memory and swap: what leaks"});
const resident = figure("resident_bytes", "RSS", format.bytes, {hint: "Resident memory, shared pages included"});
const change = {
  id: "change_bytes", title: "Change", kind: "number", value: (row) => row.change_bytes,
  hint: "Of the footprint, since the baseline, or since first sight where there is none yet",
  fill: (cell, row) => {
    setText(cell, format.change(row.change_bytes));
    setAttribute(cell, "title", changeSince(row));
  },
};
const rate = figure("growth_bytes_per_second", "Growth", format.rate, {hint: "Steady growth of the footprint"});
const left = {
  id: "left", title: "Time left", kind: "number",
  value: (row) => timeLeft(row)[0]?.seconds, text: (row) => format.duration(timeLeft(row)[0]?.seconds),
  hint: "Until memory or descriptors run out at this pace",
};
const judged = {
  id: "verdict", title: "Verdict", worstFirst: true, value: severity,
  fill: (cell, row) => {
    const {text, tone} = verdict(row);
    setText(cell, text);
    setAttribute(cell, "data-tone", tone);
    setAttribute(cell, "title", timeLeftText(row));
  },
};

/** A column of small plots: of what `histories` has for a row's key. */
function plotColumn(histories) {
  return {
    id: "history", title: "History", kind: "plot", hint: "Lowest values of the footprint over time",
    prepare: (cell) => cell.append(sparkline()),
    fill: (cell, row, key) => drawSparkline(cell.firstElementChild, histories.get(key), verdict(row).tone),
  };
}

const name = (text, link) => ({
  id: "name", title: "", value: text, link,
  fill: (element, row) => {
    const shown = printable(text(row)) || format.UNKNOWN;
    setText(element, shown);
    setAttribute(element, "title", shown);
  },
});

const KINDS = {
  processes: {
    path: "processes", parameter: "pid", nouns: ["process", "processes"],
    label: "All processes", searchHint: "Search name, pid, group, container …",
    keyOf: (row) => row.pid, sort: {id: "resident_bytes", descending: true},
    columns: (plots) => [
      {...name((row) => row.comm, (row) => toProcess(row.pid)), title: "Command"},
      {id: "pid", title: "Pid", kind: "number", value: (row) => row.pid, text: (row) => String(row.pid)},
      hostCell("user", "User", (row) => row.user),
      hostCell("group", "Group", (row) => row.group),
      hostCell("place", "Container", format.place, {hint: "Container or systemd unit"}),
      resident,
      figure("memory_share", "%MEM", format.percent, {hint: "Resident, of the node's memory"}),
      footprint, change, rate,
      {id: "open_fds", title: "Descriptors", short: "FDs", kind: "number", value: (row) => row.open_fds,
        text: descriptors, hint: "Open, and how many are allowed where that was read"},
      {id: "age", title: "Age", kind: "number", value: (row) => row.age_seconds,
        text: (row) => format.age(row.age_seconds)},
      plots, judged,
    ],
  },
  groups: {
    path: "groups", parameter: "group", nouns: ["group", "groups"],
    label: "All groups of processes", searchHint: "Search group, container …",
    keyOf: (row) => row.group, sort: {id: "resident_bytes", descending: true},
    columns: (plots) => [
      {...name((row) => row.group, (row) => toProcesses(row.group)), title: "Group"},
      figure("processes", "Processes", format.count, {short: "Procs"}),
      resident, footprint,
      figure("largest_footprint_bytes", "Largest", format.bytes, {hint: "Footprint of its largest process"}),
      figure("median_footprint_bytes", "Median", format.bytes, {hint: "Footprint of its process in the middle"}),
      change, rate, left,
      figure("open_fds", "Descriptors", format.count, {short: "FDs"}),
      figure("headroom_bytes", "Headroom", format.bytes, {hint: "What it can still take before a limit ends it"}),
      plots, judged,
    ],
  },
  containers: {
    path: "cgroups", parameter: "cgroup", nouns: ["container", "containers"],
    label: "Containers, pods, units and limited cgroups", searchHint: "Search pod, container, unit, cgroup …",
    keyOf: (row) => row.cgroup, sort: {id: "unreclaimable_bytes", descending: true},
    columns: (plots) => [
      {...name((row) => format.place(row) || row.cgroup, (row) => toProcesses(row.cgroup)), title: "Container"},
      hostCell("kind", "Kind", (row) => row.kind),
      figure("processes", "Processes", format.count, {short: "Procs"}),
      figure("usage_bytes", "Usage", format.bytes, {hint: "All that is charged to it, page cache included"}),
      figure("unreclaimable_bytes", "Unreclaimable", format.bytes,
        {short: "Unrecl.", hint: "What the kernel cannot take back: compare this with the limit"}),
      footprint,
      figure("page_cache_bytes", "Page cache", format.bytes, {short: "Cache"}),
      figure("limit_bytes", "Limit", (value) => (value === undefined ? "none" : format.bytes(value))),
      figure("headroom_bytes", "Headroom", format.bytes, {hint: "To the nearest limit above it"}),
      change, rate, left, plots, judged,
    ],
  },
};

export const TABS = [["processes", "Processes"], ["groups", "Groups"], ["containers", "Containers"]];

class KindTable {
  constructor(name, onChange) {
    const kind = KINDS[name];
    this.kind = kind;
    this.histories = new Map();
    this.table = new Table({
      name, label: kind.label, nouns: kind.nouns, columns: kind.columns(plotColumn(this.histories)),
      keyOf: kind.keyOf, searchText: searchAll, sort: kind.sort, searchHint: kind.searchHint,
      onView: (rows) => this.#loadHistories(rows), onChange});
  }

  async load() {
    const rows = [];
    let answer;
    do {
      answer = await get(this.kind.path, {limit: ALL, offset: rows.length || undefined});
      rows.push(...answer[this.kind.path]);
    } while (rows.length < answer.matched && answer[this.kind.path].length > 0);
    this.stale = true;
    this.table.update(rows);
  }

  // Of the rows in sight that have none yet; after a refresh of all in sight.
  async #loadHistories(rows) {
    const {path, parameter, keyOf} = this.kind;
    if (this.stale) this.fresh = new Set();
    this.stale = false;
    const wanted = rows.map(keyOf).filter((key) => !this.fresh.has(key));
    for (const chosen of chunks(wanted)) {
      for (const key of chosen) this.fresh.add(key);
      let answer;
      try {
        answer = await get(path, {history: "true", limit: MOST_CHOSEN, [parameter]: chosen});
      } catch {
        // The refresh tells of it.
        for (const key of chosen) this.fresh.delete(key);
        return;
      }
      for (const row of answer[path]) {
        if (row.history?.memory) this.histories.set(keyOf(row), row.history.memory.points);
      }
      this.table.redraw();
    }
    if (this.histories.size > 2000) this.histories.clear();
  }
}

function chunks(keys) {
  const found = [];
  let length = Infinity;
  for (const key of keys) {
    const more = encodeURIComponent(key).length + 8;
    if (length + more > LONGEST_CHOICE || found.at(-1).length === MOST_CHOSEN) {
      found.push([]);
      length = 0;
    }
    found.at(-1).push(key);
    length += more;
  }
  return found;
}

/** The three of them, of which one is shown. `onChange()` after the person has sorted or searched. */
export class Tables {
  constructor(onChange) {
    this.links = TABS.map(([id, title]) => el("a", {href: `#/${id}`}, title));
    this.place = el("div");
    this.element = el("section", {id: "tables", "aria-labelledby": "tables-title"},
      el("h2", {id: "tables-title"}, "Everything on this host"),
      el("nav", {class: "tabs", "aria-label": "What to list"}, ...this.links), this.place);
    this.kinds = new Map();
    this.onChange = onChange;
    this.open("processes", {});
  }

  /** Shows the table of this name; without a state it stays as the person left it. */
  open(name, state) {
    const before = this.active;
    if (!this.kinds.has(name)) this.kinds.set(name, new KindTable(name, this.onChange));
    this.name = name;
    this.active = this.kinds.get(name);
    TABS.forEach(([id], i) => {
      setAttribute(this.links[i], "aria-current", id === name ? "true" : undefined);
      const {search, sort} = this.kinds.get(id)?.table.state() ?? {};
      setAttribute(this.links[i], "href", addressOf(id, search, sort));
    });
    if (before !== this.active) this.place.replaceChildren(this.active.table.element);
    if (state) this.active.table.setState(state);
    this.active.table.shownAgain();
    return before !== this.active;
  }

  /** What the address says of the open table. */
  address() {
    const {search, sort} = this.active.table.state();
    return addressOf(this.name, search, sort);
  }

  focusSearch() {
    this.active.table.search.focus();
    this.active.table.search.select();
  }

  load() {
    return this.active.load();
  }
}

function addressOf(name, search, sort) {
  const parameters = new URLSearchParams();
  if (search) parameters.set("search", search);
  if (sort) parameters.set("sort", sort);
  const text = parameters.toString();
  return `#/${name}${text && `?${text}`}`;
}
