// One line for the node: what is left, whether it swaps, whether anything waits for memory, and what the
// kernel killed last.

import {el, printable, setAttribute, setText, show} from "./dom.js";
import * as format from "./format.js";

// Slower than this is a page now and then.
const SWAPPING = 16 * 1024;
const TIGHT = 0.1;
const WAITS = 0.01;

const ITEMS = [
  {title: "Memory available", show: available},
  {title: "Swap", show: swap},
  {title: "Waiting for memory", show: pressure},
  {title: "Last OOM kill", show: lastKill},
  {title: "Suspects", show: suspicions},
  {title: "Processes", show: (node) => ({text: format.count(node.processes), note: groups(node)})},
];

export class NodeLine {
  constructor() {
    this.parts = ITEMS.map(({title}) => {
      const value = el("span", {class: "value"});
      const note = el("span", {class: "note"});
      const meter = el("span", {class: "meter", "aria-hidden": "true", hidden: true}, el("i"));
      const item = el("div", {class: "item"}, el("dt", {}, title), el("dd", {}, value, meter, note));
      return {item, value, note, meter};
    });
    this.element = el("section", {class: "node", "aria-label": "The node"},
      el("dl", {}, ...this.parts.map(({item}) => item)));
  }

  /** `suspects` is how many there are, undefined until that is known. */
  update({node, time}, suspects) {
    ITEMS.forEach(({show: describe}, i) => {
      const {item, value, note, meter} = this.parts[i];
      const shown = describe(node, time, suspects);
      setText(value, shown.text);
      setText(note, shown.note ?? "");
      setAttribute(item, "data-tone", shown.tone);
      setAttribute(item, "title", shown.title);
      show(meter, shown.share !== undefined);
      if (shown.share !== undefined) meter.firstElementChild.style.width = `${100 * shown.share}%`;
    });
  }
}

function available(node) {
  const {memory_available_bytes: left, memory_total_bytes: total} = node;
  if (left === undefined || !total) return {text: format.UNKNOWN};
  const runsOut = node.exhaustion_seconds;
  return {
    text: format.bytes(left),
    note: `of ${format.bytes(total)}${runsOut === undefined ? "" : `, gone in ${format.duration(runsOut)}`}`,
    share: 1 - left / total,
    tone: left / total < TIGHT || runsOut < 4 * 3600 ? "leak" : undefined,
  };
}

function swap(node) {
  const {swap_total_bytes: total, swap_free_bytes: free} = node;
  if (total === undefined || free === undefined) return {text: format.UNKNOWN};
  if (total === 0) return {text: "none"};
  return {text: format.bytes(total - free), note: `of ${format.bytes(total)} used, ${direction(node)}`,
    share: (total - free) / total, tone: node.swap_out_bytes_per_second > SWAPPING ? "growing" : undefined};
}

function direction(node) {
  const {swap_in_bytes_per_second: back, swap_out_bytes_per_second: out} = node;
  if (back === undefined || out === undefined) return "direction not known yet";
  const moves = [];
  if (out > SWAPPING) moves.push(`out ${format.bytes(out)}/s`);
  if (back > SWAPPING) moves.push(`back in ${format.bytes(back)}/s`);
  return moves.length > 0 ? format.listed(moves) : "at rest";
}

function pressure(node) {
  const {pressure_waiting_share: some, pressure_stalled_share: all} = node;
  if (some === undefined) return {text: format.UNKNOWN, note: "not measured"};
  return {
    text: some === 0 ? "nothing" : `${format.percent(some)} of the time`,
    note: all > 0 ? `all at once ${format.percent(all)}` : "",
    title: "How much of the time some task waited for memory, and all of them did (PSI)",
    tone: all > WAITS ? "leak" : some > WAITS ? "growing" : undefined,
  };
}

function lastKill(node, now) {
  const kill = node.last_oom_kill;
  if (kill === undefined) {
    if (node.oom_kills === undefined) return {text: format.UNKNOWN};
    return node.oom_kills === 0 ? {text: "never", note: "since boot"}
      : {text: format.plural(node.oom_kills, "kill"), note: "since boot", tone: "growing"};
  }
  const ago = kill.time === undefined ? undefined : now - kill.time;
  return {
    text: printable(kill.comm),
    note: ago === undefined ? "" : `${format.duration(ago)} ago${
      node.oom_kills > 1 ? `, ${format.count(node.oom_kills)} since boot` : ""}`,
    title: format.exactTime(kill.time),
    tone: ago < 86400 ? "leak" : undefined,
  };
}

function suspicions(node, time, suspects) {
  if (suspects === undefined) return {text: format.UNKNOWN};
  return suspects === 0 ? {text: "none"} : {text: format.count(suspects), tone: "leak"};
}

function groups(node) {
  const parts = [];
  if (node.groups !== undefined) parts.push(`in ${format.plural(node.groups, "group")}`);
  if (node.cgroups > 0) parts.push(format.plural(node.cgroups, "container"));
  return parts.join(", ");
}
