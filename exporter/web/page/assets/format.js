// Figures as people read them. What is unknown is a dash, never 0.

export const UNKNOWN = "–";
const KIB = 1024;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

const known = (value) => typeof value === "number" && Number.isFinite(value);
const or = (format) => (value) => (known(value) ? format(value) : UNKNOWN);
const grouped = new Intl.NumberFormat("en-US", {maximumFractionDigits: 0});

/** Three digits, so that a column of them can be compared at a glance. */
function three(value) {
  const size = Math.abs(value);
  if (size >= 99.95) return grouped.format(value);
  return value.toFixed(size >= 9.995 ? 1 : 2);
}

function scaled(value) {
  let unit = 0;
  while (Math.abs(value) >= 1000 && unit + 1 < UNITS.length) {
    value /= KIB;
    ++unit;
  }
  return unit === 0 ? `${grouped.format(value)} B` : `${three(value)} ${UNITS[unit]}`;
}

const MINUS = "\u2212";
const signed = (value, format) => {
  const text = format(Math.abs(value));
  if (!/[1-9]/.test(text)) return text;
  return (value < 0 ? MINUS : "+") + text;
};

export const bytes = or(scaled);
export const change = or((value) => signed(value, scaled));
export const count = or((value) => grouped.format(value));
export const percent = or((share) => {
  const value = share * 100;
  if (value > 0 && value < 0.05) return "<0.1 %";
  return `${value >= 99.95 ? grouped.format(value) : value.toFixed(1)} %`;
});
export const number = or((value) => (value === 0 ? "0" : three(value)));

/** Bytes per second in the unit of time in which people think of it. */
export const rate = or((perSecond) => {
  if (perSecond === 0) return "0";
  const [per, seconds] = unitOfTime(Math.abs(perSecond), KIB ** 3);
  return `${signed(perSecond * seconds, scaled)}/${per}`;
});

export const countRate = or((perSecond) => {
  if (perSecond === 0) return "0";
  const [per, seconds] = unitOfTime(Math.abs(perSecond), 10000);
  return `${signed(perSecond * seconds, three)}/${per}`;
});

// Hours, unless that is more than `many`.
function unitOfTime(perSecond, many) {
  if (perSecond * HOUR < many) return ["h", HOUR];
  if (perSecond * MINUTE < many) return ["min", MINUTE];
  return ["s", 1];
}

/** How long: "45 s", "12 min", "3.2 h", "12 d". */
export const duration = or((seconds) => {
  if (seconds < 99.5) return `${Math.max(0, seconds).toFixed(0)} s`;
  if (seconds < 99.5 * MINUTE) return `${(seconds / MINUTE).toFixed(0)} min`;
  if (seconds < 72 * HOUR) return `${trimmed(seconds / HOUR)} h`;
  if (seconds < 1000 * DAY) return `${trimmed(seconds / DAY)} d`;
  return `${grouped.format(seconds / DAY)} d`;
});
const trimmed = (value) => (value >= 9.95 ? value.toFixed(0) : value.toFixed(1));

/** How old: "45s", "12m 03s", "3h 20m", "12d 04h". */
export const age = or((seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value) => String(value).padStart(2, "0");
  if (whole >= DAY) return `${Math.floor(whole / DAY)}d ${two(Math.floor(whole / HOUR) % 24)}h`;
  if (whole >= HOUR) return `${Math.floor(whole / HOUR)}h ${two(Math.floor(whole / MINUTE) % 60)}m`;
  if (whole >= MINUTE) return `${Math.floor(whole / MINUTE)}m ${two(whole % 60)}s`;
  return `${whole}s`;
});

const clock = new Intl.DateTimeFormat("en-GB", {hour: "2-digit", minute: "2-digit"});
const clockWithSeconds = new Intl.DateTimeFormat("en-GB", {timeStyle: "medium"});
const dayAndClock = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit"});
const dayOnly = new Intl.DateTimeFormat("en-GB", {day: "numeric", month: "short"});

/** A point in time, with the day unless it is within half a day of `now`; in the reader's time zone. */
export function moment(time, now) {
  if (!known(time)) return UNKNOWN;
  return (Math.abs(now - time) < DAY / 2 ? clock : dayAndClock).format(time * 1000);
}

/** The same for the axis of a plot whose lines are `step` seconds apart. */
export function tick(time, step) {
  if (step < MINUTE) return clockWithSeconds.format(time * 1000);
  if (step < DAY / 2) return clock.format(time * 1000);
  return step < DAY ? dayAndClock.format(time * 1000) : dayOnly.format(time * 1000);
}

/** Exact, in UTC, as logs have it; for where the mouse rests. */
export const exactTime = or((time) => `${new Date(time * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`);
export const exactBytes = or((value) => `${grouped.format(value)} bytes`);

export function plural(value, one, many = `${one}s`) {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** "a", "a and b", "a, b and c" */
export function listed(words) {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** Where something runs, in one piece: `shop/api-7f9c/api` or a unit; empty where it is not known. */
export function place(row) {
  const container = [row.namespace, row.pod, row.container].filter(Boolean).join("/");
  return container || row.unit || "";
}
