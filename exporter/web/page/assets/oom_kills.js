// What the kernel killed for want of memory, the newest first.

import {el, keyed, printable, setAttribute, setText, show} from "./dom.js";
import * as format from "./format.js";

const SHOWN = 20;

const COLUMNS = [
  {title: "When", kind: "text", text: (kill, now) => format.moment(kill.time, now),
    about: (kill) => format.exactTime(kill.time)},
  {title: "Ago", kind: "number", text: (kill, now) => format.duration(kill.time === undefined ? undefined : now - kill.time)},
  {title: "Pid", kind: "number", text: (kill) => String(kill.pid)},
  {title: "Command", kind: "text", text: (kill) => printable(kill.comm)},
  {title: "Group", kind: "text", text: (kill) => printable(kill.group) || format.UNKNOWN},
  {title: "Container", kind: "text", text: (kill) => printable(format.place(kill)) || format.UNKNOWN},
  {title: "What ran out", kind: "text", text: (kill) => printable(ranOut(kill))},
  {title: "It held", kind: "number", text: (kill) => format.bytes(kill.anon_bytes),
    hint: "Anonymous memory when it was killed"},
  {title: "Of its usual", kind: "number", hint: "How many times its baseline",
    text: (kill) => (kill.baseline_ratio === undefined ? format.UNKNOWN : `${format.number(kill.baseline_ratio)} ×`)},
];

function ranOut(kill) {
  if (kill.scope !== "cgroup") return "the node";
  return kill.limit_cgroup ? `cgroup ${kill.limit_cgroup}` : "a cgroup";
}

export class OomKills {
  constructor() {
    this.body = el("tbody");
    this.more = el("p", {class: "quiet"});
    this.none = el("p", {class: "quiet"});
    this.table = el("div", {class: "wide", role: "region", tabindex: "0", "aria-labelledby": "oom-title"},
      el("table", {class: "reflow"},
        el("thead", {}, el("tr", {}, ...COLUMNS.map(({title, kind, hint}) =>
          el("th", {scope: "col", class: kind, title: hint}, title)))), this.body));
    this.element = el("section", {id: "oom", "aria-labelledby": "oom-title"},
      el("h2", {id: "oom-title"}, "Recent OOM kills"), this.none, this.table, this.more);
  }

  update({oom_kills: kills, total, time}) {
    const shown = kills.slice(0, SHOWN);
    show(this.table, shown.length > 0);
    show(this.none, shown.length === 0);
    setText(this.none, total === undefined
      ? "The kernel's log may not be read: it needs CAP_SYSLOG, or kernel.dmesg_restrict=0."
      : "None since boot, as far as the kernel's log goes back.");
    show(this.more, total > shown.length);
    setText(this.more, `and ${format.count(total - shown.length)} before them`);
    keyed(this.body, shown, (kill) => `${kill.time} ${kill.pid}`,
      () => el("tr", {}, ...COLUMNS.map(({title, kind}) => el("td", {class: kind, "data-label": title}))),
      (element, kill) => COLUMNS.forEach((column, i) => {
        setText(element.children[i], column.text(kill, time));
        setAttribute(element.children[i], "title", column.about?.(kill));
      }));
  }
}
