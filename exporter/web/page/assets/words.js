// What the verdicts are called, in plain words.

import {count, duration, listed, UNKNOWN} from "./format.js";

/**
 * Of a row: {text, tone}. The tone is one of `leak`, `growing`, `quiet`, `unknown`; the text says the
 * same, as not everybody sees colours.
 */
export function verdict(row) {
  const leaks = row.leaks ?? [];
  if (leaks.length > 0) return {text: `leaks ${listed(leaks)}`, tone: "leak"};
  if (row.suspect) return {text: "runs out soon", tone: "leak"};
  switch (row.state) {
    case "growing":
      return {text: "growing", tone: "growing"};
    case "warming":
      return {text: "warming up", tone: "quiet"};
    case "steady":
      return {text: "steady", tone: "quiet"};
    case "leaking":
      return {text: "leaks memory", tone: "leak"};
    default:
      return {text: untilKnown(row), tone: "unknown"};
  }
}

function untilKnown(row) {
  if (row.known_in_seconds > 0) return `verdict possible in ${duration(Math.max(1, row.known_in_seconds))}`;
  if (row.known_in_seconds === 0) return "verdict possible now";
  return row.kernel_thread ? "kernel thread" : "not known yet";
}

/** For sorting: the worst first. */
export function severity(row) {
  if (row.leaks?.length > 0) return 4;
  if (row.suspect) return 3;
  return {leaking: 4, growing: 2, warming: 1, steady: 0}[row.state] ?? -1;
}

/** Of one resource in the details: "a leak is likely: climbs". */
export function stateOfResource(resource) {
  if (resource.leak_suspected) {
    return {text: resource.confidence === "confirmed" ? "leaking, confirmed" : "probably leaking", tone: "leak"};
  }
  return verdict({state: resource.state, known_in_seconds: resource.known_in_seconds});
}

const RESOURCES = {
  used: "memory in use", slab_unreclaimable: "kernel slab", page_tables: "page tables", shmem: "shared memory",
  percpu: "per-CPU memory",
};

export function nameOfResource(resource) {
  return RESOURCES[resource] ?? resource;
}

const PATTERNS = {
  "flat": "stays level",
  "warm-up": "grew at first, then less and less",
  "follows-load": "follows the load",
  "sawtooth": "grows and falls again",
  "steps": "went up in steps",
  "climb": "climbs without coming to rest",
  "climb-until-restart": "climbs until it is restarted, again and again",
};

export function pattern(resource) {
  return PATTERNS[resource.pattern] ?? "";
}

/** What runs out and when, the soonest first: [{what: "memory", seconds}]. */
export function timeLeft(row) {
  const left = [];
  if (row.exhaustion_seconds !== undefined) left.push({what: "memory", seconds: row.exhaustion_seconds});
  if (row.fd_exhaustion_seconds !== undefined) left.push({what: "descriptors", seconds: row.fd_exhaustion_seconds});
  return left.sort((a, b) => a.seconds - b.seconds);
}

export function timeLeftText(row) {
  return timeLeft(row).map(({what, seconds}) =>
    `${what} ${what === "memory" ? "runs" : "run"} out in ${duration(seconds)}`).join(", ");
}

export function changeSince(row) {
  if (row.change_bytes === undefined) return "";
  const since = row.change_since === "baseline" ? "since the baseline" : "since first sight";
  return `${since}, ${duration(row.change_seconds)} ago`;
}

export function descriptors(row) {
  if (row.open_fds === undefined) return UNKNOWN;
  if (row.max_fds === undefined) return count(row.open_fds);
  return `${count(row.open_fds)} / ${count(row.max_fds)}`;
}
