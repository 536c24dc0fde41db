// Instances of one program side by side: the one that leaks is far above the others, and often the
// oldest.

import {el, keyed, printable, setAttribute, setText, show} from "./dom.js";
import * as format from "./format.js";
import {toProcess, toProcesses} from "./tables.js";

const FAMILIES = 4;
const MEMBERS = 8;
const FAR_ABOVE = 1.5;
const FAR_ABOVE_BYTES = 8 * 1024 * 1024;

/** A bar for each of `members`, the largest first; `marked` is the pid of the one that is looked at. */
export class SiblingBars {
  constructor() {
    this.element = el("ol", {class: "bars"});
  }

  update(members, marked) {
    const sorted = [...members].sort((a, b) => size(b) - size(a) || a.pid - b.pid);
    const largest = Math.max(1, ...sorted.map(size));
    const oldest = Math.min(...sorted.map((member) => member.start_time ?? Infinity));
    keyed(this.element, sorted, (member) => member.pid, newBar, (element, member) => {
      const [link, bar, value, old] = element.children;
      setAttribute(link, "href", toProcess(member.pid));
      setText(link, String(member.pid));
      setAttribute(link, "title", printable(member.comm));
      setAttribute(link, "aria-current", member.pid === marked ? "true" : undefined);
      bar.firstElementChild.style.width = `${(100 * size(member)) / largest}%`;
      setAttribute(element, "data-tone", member.suspect ? "leak" : undefined);
      setText(value, format.bytes(member.footprint_bytes));
      setText(old, `${format.age(member.age_seconds)}${
        sorted.length > 1 && member.start_time === oldest ? " · oldest" : ""}`);
    });
  }
}

const size = (member) => member.footprint_bytes ?? 0;

function newBar() {
  return el("li", {}, el("a"), el("span", {class: "bar", "aria-hidden": "true"}, el("i")),
    el("span", {class: "number"}), el("span", {class: "quiet"}));
}

/** The groups in which one stands out, and what their members are. */
export class Siblings {
  constructor() {
    this.list = el("div", {class: "families"});
    this.none = el("p", {class: "quiet"});
    this.element = el("section", {"aria-labelledby": "siblings-title"},
      el("h2", {id: "siblings-title"}, "Siblings side by side"), this.none, this.list);
  }

  /** The groups whose members `update` wants to see. */
  choose({groups}) {
    this.several = groups.filter((group) => group.processes > 1).length;
    this.groups = groups.filter(standsOut).sort((a, b) => distance(b) - distance(a)).slice(0, FAMILIES);
    return this.groups.map((group) => group.group);
  }

  update({processes}) {
    const members = new Map(this.groups.map(({group}) => [group, []]));
    for (const process of processes) members.get(process.group)?.push(process);
    show(this.none, this.groups.length === 0);
    setText(this.none, this.several > 0
      ? `All alike: in none of the ${format.plural(this.several, "group")} of several processes one stands out.`
      : "No program runs more than once.");
    keyed(this.list, this.groups, ({group}) => group, newFamily, (element, group) => {
      const [title, story] = element.children;
      setAttribute(title.firstElementChild, "href", toProcesses(group.group));
      setText(title.firstElementChild, printable(group.group));
      setText(story, tell(group));
      const all = members.get(group.group).sort((a, b) => size(b) - size(a));
      element.bars.update(all.slice(0, MEMBERS));
      const more = group.processes - Math.min(MEMBERS, all.length);
      show(element.more, more > 0);
      setText(element.more, `and ${format.count(more)} smaller`);
    });
  }
}

function newFamily() {
  const bars = new SiblingBars();
  const more = el("p", {class: "quiet"});
  const element = el("article", {class: "family"}, el("h3", {}, el("a")), el("p"), bars.element, more);
  return Object.assign(element, {bars, more});
}

const distance = (group) => group.largest_footprint_bytes - group.median_footprint_bytes;

function standsOut(group) {
  const {largest_footprint_bytes: largest, median_footprint_bytes: median} = group;
  return group.processes > 1 && largest > median * FAR_ABOVE && largest - median > FAR_ABOVE_BYTES;
}

function tell(group) {
  const {largest_footprint_bytes: largest, median_footprint_bytes: median} = group;
  const times = median > 0 ? `${format.number(largest / median)} times the median` : "far above the others";
  const oldest = group.largest_start_time !== undefined &&
    group.largest_start_time === group.oldest_start_time;
  return `The largest has ${times}${oldest ? ", and is the oldest" : ", and is not the oldest"}.`;
}
