// Wires the page together: which view the address asks for, and what is live on it.

import {printable, setText} from "./dom.js";
import {Overview} from "./overview.js";
import {ProcessPage} from "./process_page.js";
import {Refresh} from "./refresh.js";
import {TABS} from "./tables.js";

const main = document.getElementById("main");
const nodeName = document.getElementById("node-name");
const version = document.getElementById("version");
const metrics = document.getElementById("metrics-link");

let view;
const refresh = new Refresh(() => view.load(), () => view.unfinished);
let host = "";
let scrolled = 0;
const overview = new Overview({
  onTables: () => history.replaceState(null, "", overview.tables.address()),
  onNode: introduce,
});

function introduce({node, exporter}) {
  host = printable(node.name);
  setText(nodeName, host);
  setText(version, printable(exporter.version));
  // Relative, as all addresses here: a proxy may have put the page into a folder.
  if (exporter.telemetry_path?.startsWith("/")) metrics.setAttribute("href", `.${exporter.telemetry_path}`);
  refresh.pace = exporter.refresh_seconds;
  entitle();
}

function entitle() {
  document.title = [view?.documentTitle, host, "memleak_exporter"].filter(Boolean).join(" · ");
}

/** "#/process/4711", "#/groups?search=x&sort=-y": [["process", "4711"], parameters]; null of others. */
function address() {
  if (!location.hash.startsWith("#/")) return location.hash.length > 1 ? null : [[""], new URLSearchParams()];
  const [path, parameters] = location.hash.slice(2).split("?", 2);
  return [path.split("/"), new URLSearchParams(parameters)];
}

function route() {
  const asked = address();
  if (asked === null) return;
  const [[name, pid], parameters] = asked;
  if (name === "process" && /^\d{1,10}$/.test(pid ?? "")) {
    if (view === overview) scrolled = scrollY;
    display(new ProcessPage(Number(pid), introduce));
    scrollTo(0, 0);
    view.title.focus({preventScroll: true});
    refresh.now();
    return;
  }
  const back = view !== overview;
  display(overview);
  const tab = TABS.some(([id]) => id === name) ? name : undefined;
  const changed = tab !== undefined && overview.tables.open(tab, {
    search: parameters.get("search") ?? "", sort: parameters.get("sort") ?? undefined});
  if (back) {
    overview.tables.open(overview.tables.name);
    scrollTo(0, scrolled);
    refresh.now();
  } else if (changed) {
    refresh.now();
  }
  if (tab !== undefined) bringIntoView(overview.tables.element);
}

function display(next) {
  if (view !== next) main.replaceChildren(next.element);
  view = next;
  entitle();
}

function bringIntoView(element) {
  const {top} = element.getBoundingClientRect();
  if (top < 0 || top > innerHeight / 2) element.scrollIntoView();
}

function search() {
  bringIntoView(overview.tables.element);
  overview.tables.focusSearch();
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  if (view === overview) {
    search();
  } else {
    addEventListener("hashchange", search, {once: true});
    location.hash = "#/processes";
  }
});

history.scrollRestoration = "manual";
document.getElementById("live").append(refresh.element);
document.getElementById("failure").append(refresh.failure);
addEventListener("hashchange", route);
route();
