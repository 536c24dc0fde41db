// All that is known of one process.

import {ApiError, get} from "./api.js";
import {el, keyed, printable, setAttribute, setText, show} from "./dom.js";
import {Evidence, NextCommands} from "./evidence.js";
import * as format from "./format.js";
import {Chart} from "./plot.js";
import {formatOf, historyContent} from "./plot_history.js";
import {lineContent, stackContent} from "./plot_kinds.js";
import {SiblingBars} from "./siblings.js";
import {STATUS_LINES} from "./status_lines.js";
import {toProcesses} from "./tables.js";
import {changeSince, descriptors, pattern, stateOfResource, timeLeft, verdict} from "./words.js";

const MISSING_REGIONS = {
  "denied": "The exporter may not read them: it needs CAP_SYS_PTRACE, or to run as the same user.",
  "late": "Reading them took too long; they are asked for again at the next refresh.",
  "too large": "There are too many mappings to read them all.",
  "no memory": "It has no memory of its own: a kernel thread, or one that has ended and is not collected yet.",
  "malformed": "What the kernel says of them is not understood.",
  "gone": "The process ended while they were read.",
  "reading": "They are being read, and show in a moment.",
};

export class ProcessPage {
  /** `onNode(node answer)` as the overview's. */
  constructor(pid, onNode) {
    this.pid = pid;
    this.onNode = onNode;
    this.title = el("h1", {tabindex: "-1"}, `Process ${pid}`);
    this.chip = el("span", {class: "chip", hidden: true});
    this.gone = el("p", {class: "notice", role: "status", hidden: true});
    this.headline = el("p", {class: "headline"});
    this.facts = el("dl", {class: "facts"});
    this.verdicts = el("div", {class: "verdicts"});
    this.evidence = new Evidence();
    this.commands = new NextCommands();
    this.histories = el("div", {class: "charts"});
    this.kinds = el("div", {class: "charts"});
    this.noKinds = el("p", {class: "quiet"});
    this.status = el("tbody");
    this.regions = el("tbody");
    this.noRegions = el("p", {class: "quiet", role: "status"});
    this.regionTable = el("div", {class: "wide", role: "region", tabindex: "0", "aria-labelledby": "regions-title"},
      el("table", {class: "reflow regions"}, el("thead", {}, el("tr", {},
        ...REGION_COLUMNS.map(({title, kind, hint}) => el("th", {scope: "col", class: kind, title: hint}, title)))),
      this.regions));
    this.siblings = new SiblingBars();
    this.siblingsSection = el("section", {"aria-labelledby": "process-siblings"},
      el("h2", {id: "process-siblings"}, "Its siblings"), this.siblings.element);
    this.element = el("div", {class: "process-page"},
      el("nav", {"aria-label": "Back"}, el("a", {href: "#/", class: "back"}, "← All processes")),
      this.gone,
      el("div", {class: "title"}, this.title, this.chip), this.headline, this.facts,
      el("div", {class: "beside"},
        el("div", {},
          el("section", {"aria-labelledby": "history-title"}, el("h2", {id: "history-title"}, "History"),
            this.histories),
          el("section", {"aria-labelledby": "kinds-title"}, el("h2", {id: "kinds-title"}, "By kind, and the load"),
            this.noKinds, this.kinds)),
        el("div", {},
          el("section", {"aria-labelledby": "verdict-title"}, el("h2", {id: "verdict-title"}, "Verdict"),
            this.verdicts, this.evidence.element, this.commands.element),
          this.siblingsSection)),
      el("section", {"aria-labelledby": "status-title"}, el("h2", {id: "status-title"}, "Its memory, line by line"),
        el("table", {class: "status"}, el("thead", {}, el("tr", {},
          el("th", {scope: "col", class: "text"}, "Line"), el("th", {scope: "col", class: "number"}, "Size"),
          el("th", {scope: "col", class: "text"}, "What it is"))), this.status)),
      el("section", {"aria-labelledby": "regions-title"}, el("h2", {id: "regions-title"}, "Ten largest regions"),
        this.noRegions, this.regionTable));
  }

  get unfinished() {
    return this.missing === "reading";
  }

  get documentTitle() {
    return this.title.textContent;
  }

  async load() {
    this.onNode(await get("node"));
    // Whoever has its pid next is somebody else.
    if (this.hasEnded) return;
    let answer;
    try {
      answer = await get(`processes/${this.pid}`);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      this.#ended();
      return;
    }
    const {process, time} = answer;
    if (this.startTime !== undefined && this.startTime !== process.start_time) {
      this.#tell("The process that was shown here has ended. This is another one with the same pid.");
    }
    this.startTime = process.start_time;
    this.#update(process, time);
  }

  #ended() {
    this.hasEnded = true;
    this.#tell(this.startTime === undefined ? `There is no process ${this.pid} (any more).`
      : "This process has ended. What you see is the last that was read of it.");
  }

  #tell(text) {
    show(this.gone, true);
    setText(this.gone, text);
  }

  #update(process, time) {
    setText(this.title, `${printable(process.comm)} (pid ${process.pid})`);
    const {text, tone} = verdict(process);
    show(this.chip, true);
    setText(this.chip, text);
    setAttribute(this.chip, "data-tone", tone);
    keyed(this.headline, headline(process), ({label}) => label, () => el("span", {}, el("b"), " ", el("span")),
      (element, {label, value}) => {
        setText(element.firstElementChild, value);
        setText(element.lastElementChild, label);
      });
    this.#fillFacts(process);
    this.#fillVerdicts(process);
    this.evidence.update(process.evidence);
    this.commands.update(process.next_commands);
    this.#fillHistories(process, time);
    this.#fillKinds(process);
    this.#fillStatus(process.status ?? {});
    this.#fillRegions(process);
    const siblings = process.siblings ?? [];
    show(this.siblingsSection, siblings.length > 0);
    this.siblings.update([process, ...siblings], process.pid);
  }

  #fillFacts(process) {
    const facts = [
      ["User", process.user], ["Group", process.group, process.group && toProcesses(process.group)],
      ["Executable", process.exe], ["Container", format.place(process)], ["Cgroup", process.cgroup],
      ["Runtime", process.runtime],
      ["Started", process.start_time && `${format.exactTime(process.start_time)}, ${
        format.age(process.age_seconds)} ago`],
      ["Descriptors", process.open_fds === undefined ? "" : descriptors(process)],
      ["Threads", format.count(process.threads)],
      ["CPU time", process.cpu_seconds === undefined ? "" : format.duration(process.cpu_seconds)],
    ].filter(([, value]) => value);
    keyed(this.facts, facts, ([name]) => name, ([name]) => el("div", {}, el("dt", {}, name), el("dd", {}, el("bdi"))),
      (element, [, value, link]) => {
        const place = element.lastElementChild.firstElementChild;
        if (!link) {
          setText(place, printable(value));
          return;
        }
        if (!place.firstElementChild) place.replaceChildren(el("a"));
        setAttribute(place.firstElementChild, "href", link);
        setText(place.firstElementChild, printable(value));
      });
  }

  #fillVerdicts(process) {
    const resources = process.resources ?? [];
    keyed(this.verdicts, resources, ({resource}) => resource,
      () => el("div", {class: "verdict"}, el("h3", {}, el("span"), " ", el("span", {class: "chip"})), el("ul", {class: "reasons"})),
      (element, resource) => {
        const [title, reasons] = element.children;
        const {text, tone} = resource.state === "unknown" ? verdict({...process, leaks: [], suspect: false, state: "unknown"})
          : stateOfResource(resource);
        setText(title.firstElementChild, resource.resource);
        setText(title.lastElementChild, text);
        setAttribute(title.lastElementChild, "data-tone", tone);
        const told = [pattern(resource), ...(resource.reasons ?? [])].filter(Boolean);
        keyed(reasons, told, (reason) => reason, () => el("li"), (item, reason) => setText(item, printable(reason)));
      });
  }

  #fillHistories(process, now) {
    const charts = Object.entries(process.history ?? {}).flatMap(([resource, series]) => {
      const state = process.resources?.find((one) => one.resource === resource) ?? {};
      const left = resource === "memory" ? process.exhaustion_seconds
        : resource === "descriptors" ? process.fd_exhaustion_seconds : state.exhaustion_seconds;
      const content = historyContent(series, {
        name: resource, now, left, from: state.growth_start, format: formatOf(resource),
        tone: state.leak_suspected ? "leak" : state.state === "growing" ? "growing" : "quiet"});
      return content ? [{title: resource, content}] : [];
    });
    if (charts.length === 0) charts.push({title: "There is no history yet: it begins with the second slot."});
    fillCharts(this.histories, charts, 220);
  }

  #fillKinds(process) {
    const {kinds} = process;
    show(this.noKinds, kinds === undefined);
    setText(this.noKinds, "Kept only of what is exported one by one: the largest and the suspected " +
      "(--process.limit, --process.min-rss, --process.min-age).");
    const stack = stackContent(kinds);
    const charts = [
      {title: "Memory by kind", content: stack, legend: stack?.shown},
      {title: "Descriptors", content: lineContent(kinds, "open_fds",
        {name: "Descriptors", format: format.count, limit: process.max_fds, tone: "fds"})},
      {title: "CPUs used", content: lineContent(kinds, "cpu_share", {name: "CPUs used", tone: "load"})},
      {title: "Threads", content: lineContent(kinds, "threads", {name: "Threads", format: format.count, tone: "load"})},
    ].filter(({content}) => content);
    fillCharts(this.kinds, charts, 150);
    for (const figure of this.kinds.children) figure.classList.toggle("stack", figure.legend.hidden === false);
  }

  #fillStatus(status) {
    // The kernel's order, and what a newer kernel has besides.
    const names = Object.keys(STATUS_LINES).filter((name) => name in status);
    const others = Object.keys(status).filter((name) => !(name in STATUS_LINES));
    const largest = Math.max(1, ...names.filter((name) => name.startsWith("Rss")).map((name) => status[name]));
    keyed(this.status, [...names, ...others], (name) => name,
      (name) => el("tr", {"data-line": name}, el("th", {scope: "row", class: "text"}, el("code", {}, printable(name))),
        el("td", {class: "number"}), el("td", {class: "text"}, el("span", {}, STATUS_LINES[name] ?? ""))),
      (element, name) => {
        setText(element.children[1], format.bytes(status[name]));
        setAttribute(element.children[1], "title", format.exactBytes(status[name]));
        element.classList.toggle("largest", name.startsWith("Rss") && status[name] === largest);
      });
  }

  #fillRegions({regions, regions_missing: missing}) {
    this.missing = missing;
    show(this.regionTable, regions !== undefined);
    show(this.noRegions, regions === undefined);
    setText(this.noRegions, MISSING_REGIONS[missing] ?? "They could not be read.");
    keyed(this.regions, regions ?? [], (region) => region.address,
      () => el("tr", {}, ...REGION_COLUMNS.map(({title, kind}) => el("td", {class: kind, "data-label": title}))),
      (element, region) => REGION_COLUMNS.forEach(({text, about}, i) => {
        setText(element.children[i], text(region));
        setAttribute(element.children[i], "title", about?.(region));
      }));
  }
}

const REGION_COLUMNS = [
  {title: "Address", kind: "text mono", text: (region) => printable(region.address)},
  {title: "Permissions", kind: "text mono", text: (region) => printable(region.permissions),
    hint: "r read, w write, x execute, p private, s shared"},
  {title: "Offset", kind: "number mono", text: (region) => `0x${Number(region.offset ?? 0).toString(16)}`},
  {title: "Name", kind: "text", text: (region) => printable(region.name) || "anonymous",
    about: (region) => printable(region.name)},
  {title: "Size", kind: "number", text: (region) => format.bytes(region.size_bytes)},
  {title: "Rss", kind: "number strong", text: (region) => format.bytes(region.resident_bytes), hint: "Resident"},
  {title: "Pss", kind: "number", text: (region) => format.bytes(region.proportional_bytes),
    hint: "Resident, pages that others share counted in part"},
];

function headline(process) {
  const parts = [{value: format.bytes(process.resident_bytes), label: "resident"}];
  if (process.footprint_bytes !== undefined) parts.push({value: format.bytes(process.footprint_bytes), label: "footprint"});
  if (process.change_bytes !== undefined) parts.push({value: format.change(process.change_bytes), label: changeSince(process)});
  if (process.growth_bytes_per_second > 0) parts.push({value: format.rate(process.growth_bytes_per_second), label: "growth"});
  for (const {what, seconds} of timeLeft(process)) {
    parts.push({value: format.duration(seconds), label: `until ${what} ${what === "memory" ? "runs" : "run"} out`});
  }
  return parts;
}

/** charts: [{title, content, legend}]; one without content is its title alone. */
function fillCharts(place, charts, height) {
  keyed(place, charts, ({title}) => title, ({title}) => {
    const chart = new Chart(height);
    const legend = el("ul", {class: "legend"});
    return Object.assign(el("figure", {}, el("figcaption", {}, title), legend, chart.element), {chart, legend});
  }, (element, {content, legend = []}) => {
    show(element.chart.element, content !== undefined);
    show(element.legend, legend.length > 0);
    keyed(element.legend, legend, ({tone}) => tone,
      ({name, tone}) => el("li", {}, el("i", {"data-tone": tone, "aria-hidden": "true"}), name), () => {});
    if (content) element.chart.update(content);
  });
}
