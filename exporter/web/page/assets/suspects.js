// Who is suspected: one card for each leak, however many of a process, its group and its container show
// it.

import {el, keyed, printable, setAttribute, setText, show} from "./dom.js";
import {Evidence, NextCommands} from "./evidence.js";
import * as format from "./format.js";
import {NoneYet} from "./none_yet.js";
import {Chart} from "./plot.js";
import {formatOf, historyContent} from "./plot_history.js";
import {toProcess, toProcesses} from "./tables.js";
import {nameOfResource, pattern, stateOfResource, timeLeft, verdict} from "./words.js";

const CARDS = 12;
const MOST_OF_IT = 0.5;

export class Suspects {
  constructor() {
    this.none = new NoneYet();
    this.list = el("div", {class: "cards"});
    this.more = el("p", {class: "quiet"});
    this.count = el("span", {class: "badge"});
    // Said aloud when it changes, and only then.
    this.said = el("p", {class: "for-ears", role: "status"});
    this.element = el("section", {"aria-labelledby": "suspects-title"},
      el("h2", {id: "suspects-title"}, "Suspects ", this.count), this.said, this.none.element, this.list,
      this.more);
  }

  get query() {
    return {suspects: "true", details: "true", history: "true"};
  }

  /** `total` is how many there are then. `exporter` is the API's, `node` too: resources of the node can leak as well. */
  update({processes, groups, cgroups, node, exporter, time}) {
    const leaks = merge(processes, groups, cgroups, node);
    this.total = leaks.length;
    setText(this.count, leaks.length > 0 ? format.count(leaks.length) : "");
    setText(this.said, leaks.length > 0 ? format.plural(leaks.length, "suspect") : "no suspects");
    show(this.none.element, leaks.length === 0);
    if (leaks.length === 0) this.none.update(exporter, time);
    keyed(this.list, leaks.slice(0, CARDS), (leak) => leak.key, () => {
      const card = new Card();
      return Object.assign(card.element, {card});
    }, (element, leak) => element.card.update(leak, time));
    show(this.more, leaks.length > CARDS);
    setText(this.more, `and ${format.count(leaks.length - CARDS)} more, on top of the tables sorted by verdict`);
  }
}

/**
 * [{key, kind, row, others}]: the most urgent first. A group with one suspected process is told with the
 * process; one with several is told itself, with them; a container is told with whom it holds.
 */
function merge(processes, groups, cgroups, node) {
  const leaks = [];
  const byGroup = grouped(processes);
  const suspectedGroups = new Set();
  for (const row of groups) {
    const members = byGroup.get(row.group) ?? [];
    suspectedGroups.add(row.group);
    if (members.length === 1) {
      leaks.push(processLeak(members[0], [["group", row]]));
    } else {
      leaks.push({key: `group ${row.group}`, kind: "group", row, members, others: []});
    }
  }
  for (const row of processes) {
    if (!suspectedGroups.has(row.group)) leaks.push(processLeak(row, []));
  }
  for (const row of cgroups) {
    const holder = leaks.find((leak) => leak.row.cgroup === row.cgroup || (leak.row.group ?? "") === row.group ||
      leak.members?.some((member) => member.cgroup === row.cgroup));
    if (holder && sharesALeak(holder.row, row)) {
      holder.others.push(["container", row]);
    } else {
      leaks.push({key: `cgroup ${row.cgroup}`, kind: row.kind ?? "container", row, others: []});
    }
  }
  for (const resource of node?.resources ?? []) {
    if (!resource.leak_suspected) continue;
    // What a single one of them takes, the node has less of.
    const cause = resource.resource === "used" ? leaks.find(({row}) =>
      row.growth_bytes_per_second > resource.growth_per_second * MOST_OF_IT) : undefined;
    if (cause) {
      cause.others.push(["node", resource]);
    } else {
      leaks.push({key: `node ${resource.resource}`, kind: "node", others: [], row: ofNode(node, resource)});
    }
  }
  const urgency = ({row}) => Math.min(row.exhaustion_seconds ?? Infinity, row.fd_exhaustion_seconds ?? Infinity);
  return leaks.sort((a, b) => {
    const [x, y] = [urgency(a), urgency(b)];
    if (x !== y) return x - y;
    return (b.row.growth_bytes_per_second ?? 0) - (a.row.growth_bytes_per_second ?? 0) || (a.key < b.key ? -1 : 1);
  });
}

function ofNode(node, resource) {
  const name = nameOfResource(resource.resource);
  return {
    name, resources: [resource], history: {[resource.resource]: node.history?.[resource.resource]},
    growth_bytes_per_second: resource.growth_per_second, suspect: true, state: "leaking", leaks: [name],
    exhaustion_seconds: resource.resource === "used" ? node.exhaustion_seconds : undefined,
  };
}

const processLeak = (row, others) => ({key: `process ${row.pid} ${row.start_time}`, kind: "process", row, others});

function grouped(processes) {
  const found = new Map();
  for (const row of processes) found.set(row.group, [...(found.get(row.group) ?? []), row]);
  return found;
}

// What only runs out soon has no leak of its own to tell apart.
function sharesALeak(one, other) {
  return !other.leaks?.length || other.leaks.some((leak) => one.leaks?.includes(leak));
}

class Card {
  constructor() {
    this.kind = el("span", {class: "kind"});
    this.name = el("a", {class: "name"});
    this.place = el("span", {class: "place quiet"});
    this.chip = el("span", {class: "chip"});
    this.headline = el("p", {class: "headline"});
    this.charts = el("div", {class: "charts"});
    this.reasons = el("ul", {class: "reasons"});
    this.others = el("p", {class: "quiet"});
    this.members = el("ul", {class: "members"});
    this.evidence = new Evidence();
    this.commands = new NextCommands();
    this.halves = el("div", {class: "halves"},
      el("div", {}, this.charts, el("h4", {}, "Why"), this.reasons, this.others, this.members),
      el("div", {}, this.evidence.element, this.commands.element));
    this.element = el("article", {class: "card"},
      el("header", {}, el("h3", {}, this.kind, " ", this.name), this.chip, this.place), this.headline,
      this.halves);
  }

  update({kind, row, members = [], others}, time) {
    setText(this.kind, kind);
    setText(this.name, nameOf(kind, row));
    setAttribute(this.name, "href", addressOf(kind, row));
    setText(this.place, printable(placeOf(kind, row)));
    const {text, tone} = verdict(row);
    const confidence = row.resources?.find((one) => one.leak_suspected)?.confidence;
    setText(this.chip, confidence ? `${text}: ${confidence}` : text);
    setAttribute(this.chip, "data-tone", tone);
    const headline = headlineOf(row);
    keyed(this.headline, headline, (part) => part.label, () => el("span", {}, el("b"), " ", el("span")),
      (element, part) => {
        setText(element.firstElementChild, part.value);
        setText(element.lastElementChild, part.label);
      });

    const shown = chartsOf(row);
    keyed(this.charts, shown, ({resource}) => resource, newChart, (element, {resource, state, content}) => {
      setText(element.caption, nameOfResource(resource));
      element.chart.update(content(time, state));
    });
    show(this.charts, shown.length > 0);
    keyed(this.reasons, reasonsOf(row), (reason) => reason, () => el("li"), (element, reason) =>
      setText(element, printable(reason)));
    show(this.others, others.length > 0);
    setText(this.others, othersText(others));
    show(this.members, members.length > 0);
    keyed(this.members, members, (member) => member.pid,
      () => el("li", {}, el("a"), " ", el("span", {class: "number"})), (element, member) => {
        setAttribute(element.firstElementChild, "href", toProcess(member.pid));
        setText(element.firstElementChild, `${printable(member.comm)} ${member.pid}`);
        setText(element.lastElementChild, `${format.bytes(member.footprint_bytes)}, ${
          format.rate(member.growth_bytes_per_second)}`);
      });
    // Of several, the largest tells what all of them do.
    const [teller = row] = [...members].sort((a, b) => b.footprint_bytes - a.footprint_bytes);
    this.evidence.update(teller.evidence);
    const commands = row.next_commands?.length > 0 ? row.next_commands : teller.next_commands;
    this.commands.update(commands);
    this.halves.classList.toggle("alone", !teller.evidence && !commands?.length);
  }
}

function newChart() {
  const chart = new Chart(190);
  const caption = el("figcaption");
  return Object.assign(el("figure", {}, caption, chart.element), {chart, caption});
}

function nameOf(kind, row) {
  if (kind === "process") return `${printable(row.comm)} (pid ${row.pid})`;
  if (kind === "node") return row.name;
  return printable(kind === "group" ? row.group : format.place(row) || row.cgroup);
}

function addressOf(kind, row) {
  if (kind === "process") return toProcess(row.pid);
  if (kind === "node") return undefined;
  return toProcesses(kind === "group" ? row.group : row.cgroup);
}

function placeOf(kind, row) {
  if (kind === "process") {
    return [row.group === row.comm ? "" : row.group, format.place(row), row.runtime].filter(Boolean).join(" · ");
  }
  return kind === "group" ? format.place(row) : row.cgroup;
}

// How fast, how long left, from what to what: what somebody who was woken wants to know first.
function headlineOf(row) {
  const parts = [];
  const memory = row.growth_bytes_per_second;
  if (memory > 0) parts.push({value: format.rate(memory), label: "growth"});
  for (const resource of row.resources ?? []) {
    if (resource.resource !== "descriptors" || !resource.leak_suspected) continue;
    parts.push({value: format.countRate(resource.growth_per_second), label: "descriptors"});
  }
  for (const {what, seconds} of timeLeft(row)) {
    parts.push({value: format.duration(seconds), label: `until ${what} ${what === "memory" ? "runs" : "run"} out`});
  }
  if (row.footprint_bytes !== undefined) {
    const before = row.footprint_bytes - row.change_bytes;
    parts.push({value: format.bytes(row.footprint_bytes), label: row.change_bytes === undefined ? "now"
      : `now, ${format.bytes(before)} ${format.duration(row.change_seconds)} ago`});
  }
  return parts;
}

function chartsOf(row) {
  const wanted = (row.resources ?? []).filter((one) => one.leak_suspected || one.exhaustion_seconds !== undefined);
  const names = wanted.length > 0 ? wanted : Object.keys(row.history ?? {}).map((resource) => ({resource}));
  return names.flatMap((state) => {
    const {resource} = state;
    const series = row.history?.[resource];
    const left = state.exhaustion_seconds ?? (resource === "memory" ? row.exhaustion_seconds
      : resource === "descriptors" ? row.fd_exhaustion_seconds : undefined);
    const content = (now) => historyContent(series, {
      name: resource, now, left, from: state.growth_start, tone: state.leak_suspected ? "leak" : "growing",
      format: formatOf(resource)});
    return content(0) ? [{resource, state, content}] : [];
  });
}

function reasonsOf(row) {
  const told = (row.resources ?? []).filter((one) => one.leak_suspected);
  const reasons = [];
  for (const resource of told.length > 0 ? told : row.resources ?? []) {
    const prefix = told.length > 1 ? `${resource.resource}: ` : "";
    if (told.length > 0) {
      const shape = pattern(resource);
      reasons.push(`${prefix}${stateOfResource(resource).text}${shape ? `: ${shape}` : ""}`);
    }
    for (const reason of resource.reasons ?? []) reasons.push(prefix + reason);
  }
  if (!row.leaks?.length) reasons.unshift("no leak is proven, but at this pace it runs out soon");
  return reasons;
}

function othersText(others) {
  const names = others.map(([kind, row]) => (kind === "node" ? `the node's ${nameOfResource(row.resource)}`
    : `its ${kind} ${printable(kind === "group" ? row.group : format.place(row) || row.cgroup)}`));
  return `Seen alike in ${format.listed(names)}.`;
}
