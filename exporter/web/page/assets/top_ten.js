// The largest processes, as `ps aux --sort=-rss | head` shows them, and what it does not show: since
// when, how fast, and whether that is a leak.

import {el, keyed, printable, setAttribute, setText} from "./dom.js";
import * as format from "./format.js";
import {drawSparkline, sparkline} from "./plot.js";
import {toProcess} from "./tables.js";
import {changeSince, descriptors, timeLeftText, verdict} from "./words.js";

const TEN = 10;

const COLUMNS = [
  {title: "Pid", kind: "number", text: (row) => String(row.pid)},
  {title: "Command", head: true},
  {title: "Group", kind: "text", text: (row) => printable(row.group) || format.UNKNOWN, full: true},
  {title: "%MEM", kind: "number", text: (row) => format.percent(row.memory_share)},
  {title: "RSS", kind: "number strong", text: (row) => format.bytes(row.resident_bytes)},
  {title: "VSZ", kind: "number faint", text: (row) => format.bytes(row.virtual_bytes),
    hint: "Address space, not memory: for the record only"},
  {title: "Change", kind: "number", text: (row) => format.change(row.change_bytes),
    note: (row) => (row.change_bytes === undefined ? "" : `in ${format.duration(row.change_seconds)}`),
    about: changeSince, hint: "Of anonymous memory and swap, since the baseline, or since first sight until there is one"},
  {title: "Growth", kind: "number", text: (row) => format.rate(row.growth_bytes_per_second),
    hint: "Steady growth; unknown until there is a verdict"},
  {title: "Age", kind: "number", text: (row) => format.age(row.age_seconds)},
  {title: "Descriptors", short: "FDs", kind: "number", text: descriptors, hint: "Open, of those allowed"},
  {title: "History", kind: "plot", plot: true},
  {title: "Verdict", kind: "text", verdict: true},
];

export class TopTen {
  constructor() {
    this.body = el("tbody");
    this.element = el("section", {class: "top-ten", "aria-labelledby": "top-ten-title"},
      el("h2", {id: "top-ten-title"}, "Largest processes"),
      el("div", {class: "wide", role: "region", tabindex: "0", "aria-labelledby": "top-ten-title"},
        el("table", {class: "reflow"},
          el("thead", {}, el("tr", {}, ...COLUMNS.map(({title, kind, hint}) =>
            el("th", {scope: "col", class: kind, title: hint}, title)))), this.body)));
  }

  get query() {
    return {limit: TEN, history: "true"};
  }

  update({processes}) {
    keyed(this.body, processes, (row) => row.pid, newRow, fillRow);
  }
}

function newRow() {
  return el("tr", {}, ...COLUMNS.map(({title, short, kind, head, plot, note}) => {
    if (head) return el("th", {scope: "row", class: "text", "data-label": title}, el("a"));
    const cell = el("td", {class: kind, "data-label": short ?? title});
    if (plot) cell.append(sparkline());
    if (note) cell.append(el("span", {}, el("span"), el("span", {class: "since"})));
    return cell;
  }));
}

function fillRow(element, row) {
  COLUMNS.forEach((column, i) => {
    const cell = element.children[i];
    const {text, tone} = verdict(row);
    if (column.head) {
      setAttribute(cell.firstElementChild, "href", toProcess(row.pid));
      setText(cell.firstElementChild, printable(row.comm) || String(row.pid));
    } else if (column.plot) {
      drawSparkline(cell.firstElementChild, row.history?.memory?.points, tone);
    } else if (column.verdict) {
      setText(cell, text);
      setAttribute(cell, "data-tone", tone);
      setAttribute(cell, "title", timeLeftText(row));
    } else if (column.note) {
      const [value, since] = cell.firstElementChild.children;
      setText(value, column.text(row));
      setText(since, column.note(row));
      setAttribute(cell, "title", column.about(row));
    } else {
      setText(cell, column.text(row));
      if (column.full) setAttribute(cell, "title", column.text(row));
    }
  });
}
