// Plots, drawn as SVG: a sparkline for tables and a chart with axes. What they show is put together in
// plot_history.js and plot_kinds.js.

import {tick} from "./format.js";
import {el, setAttribute, setText, svg} from "./dom.js";

const SPARK = {width: 100, height: 20, pad: 2};
// Less than this share of its size does not look like a mountain.
const LEAST_RANGE = 0.15;

export function sparkline() {
  return svg("svg", {
    class: "spark", viewBox: `0 0 ${SPARK.width} ${SPARK.height}`, preserveAspectRatio: "none",
    "aria-hidden": "true"}, svg("path", {class: "spark-area"}), svg("path", {class: "spark-line"}));
}

/** `points` are [[time, value]], the oldest first; nothing is drawn of fewer than two. */
export function drawSparkline(element, points, tone = "quiet") {
  const [area, line] = element.children;
  setAttribute(element, "data-tone", tone);
  if (!points || points.length < 2) {
    setAttribute(area, "d", "");
    setAttribute(line, "d", "");
    return;
  }
  const [low, high] = range(points.map((point) => point[1]));
  const [from, to] = [points[0][0], points.at(-1)[0]];
  const x = (time) => (to > from ? ((time - from) / (to - from)) * SPARK.width : 0);
  const room = SPARK.height - 2 * SPARK.pad;
  const y = (value) => SPARK.pad + room * (1 - (value - low) / (high - low));
  const path = points.map(([time, value], i) => `${i ? "L" : "M"}${x(time).toFixed(1)} ${y(value).toFixed(1)}`)
    .join("");
  setAttribute(line, "d", path);
  setAttribute(area, "d", `${path}V${SPARK.height}H0Z`);
}

/** What an axis shows for these values: from 0 unless they are all far from it. */
export function range(values, leastRange = 1) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low < high / 2) low = 0;
  const least = Math.max(Math.abs(high) * LEAST_RANGE, leastRange);
  if (high - low < least) {
    const middle = (high + low) / 2;
    low = Math.max(0, middle - least / 2);
    high = low + least;
  }
  return [low, high];
}

const MARGIN = {top: 14, right: 12, bottom: 20, left: 64};
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const TIME_STEPS = [
  1, 2, 5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR,
  2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY, 365 * DAY];
let clips = 0;

/**
 * A chart that is as wide as its place and draws itself anew when that changes. `update(content)` with
 *   x, y       [from, to] of the axes
 *   format     value -> text for the axis; `binary` where its lines lie at powers of two, `least` how far
 *              they must be apart at least
 *   layers     [{kind: "area", points: [[time, low, high]], tone}, {kind: "line", points: [[time, value]],
 *              tone}]; null among the points is a gap
 *   levels     [{value, text, tone}] horizontal lines; moments [{time, text}] vertical ones
 *   dots       [{time, value, tone}]
 *   times, readout   sorted times and what to say of the one at an index, for the pointer
 *   label      the whole of it in a sentence, for those who do not see it
 */
export class Chart {
  constructor(height = 170) {
    this.height = height;
    this.svg = svg("svg", {role: "img"});
    this.readout = el("div", {class: "readout", "aria-hidden": "true"});
    this.element = el("div", {class: "chart"}, this.svg, this.readout);
    this.clip = `clip-${++clips}`;
    this.svg.addEventListener("pointermove", (event) => this.#point(event));
    this.svg.addEventListener("pointerleave", () => this.#leave());
    this.width = 0;
    new ResizeObserver(() => this.#resized()).observe(this.element);
  }

  update(content) {
    this.content = content;
    this.#draw();
  }

  #resized() {
    if (this.element.clientWidth !== this.width) this.#draw();
  }

  #draw() {
    const {content, height} = this;
    this.width = this.element.clientWidth;
    if (!content || this.width === 0) return;
    const inner = {
      left: MARGIN.left, right: this.width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom};
    this.inner = inner;
    const [x0, x1] = content.x;
    const [y0, y1] = content.y;
    this.toX = (time) => inner.left + ((time - x0) / (x1 - x0 || 1)) * (inner.right - inner.left);
    this.toY = (value) => inner.bottom - ((value - y0) / (y1 - y0 || 1)) * (inner.bottom - inner.top);
    setAttribute(this.svg, "viewBox", `0 0 ${this.width} ${height}`);
    setAttribute(this.svg, "width", this.width);
    setAttribute(this.svg, "height", height);
    setAttribute(this.svg, "aria-label", content.label);
    this.cursor = svg("line", {class: "cursor", y1: inner.top, y2: inner.bottom, visibility: "hidden"});
    this.svg.replaceChildren(
      svg("clipPath", {id: this.clip}, svg("rect", {
        x: inner.left, y: 0, width: Math.max(0, inner.right - inner.left), height: inner.bottom})),
      ...this.#yAxis(), ...this.#xAxis(),
      svg("g", {"clip-path": `url(#${this.clip})`}, ...this.#layers(), this.cursor), ...this.#notes());
  }

  #yAxis() {
    const {content, inner} = this;
    const parts = [];
    for (const value of steps(content.y, Math.max(2, (inner.bottom - inner.top) / 28), content.binary, content.least ?? 0)) {
      const y = this.toY(value).toFixed(1);
      parts.push(
        svg("line", {class: "grid", x1: inner.left, x2: inner.right, y1: y, y2: y}),
        svg("text", {class: "axis", x: inner.left - 8, y, dy: "0.32em", "text-anchor": "end"},
          content.format(value).replace(/\.0+(?= |$)/, "")));
    }
    return parts;
  }

  #xAxis() {
    const {content, inner} = this;
    const [from, to] = content.x;
    const wanted = (to - from) / Math.max(1, (inner.right - inner.left) / 105);
    const step = TIME_STEPS.find((one) => one >= wanted) ?? TIME_STEPS.at(-1);
    // Round in the reader's own time.
    const zone = -new Date(to * 1000).getTimezoneOffset() * MINUTE;
    const parts = [];
    for (let time = Math.ceil((from + zone) / step) * step - zone; time <= to; time += step) {
      const x = this.toX(time);
      if (x > inner.right - 18) break;
      parts.push(
        svg("line", {class: "tick", x1: x, x2: x, y1: inner.bottom, y2: inner.bottom + 4}),
        svg("text", {class: "axis", x, y: this.height - 4, "text-anchor": "middle"}, tick(time, step)));
    }
    return parts;
  }

  #layers() {
    const parts = [];
    for (const layer of this.content.layers) {
      for (const run of runs(layer.points)) {
        parts.push(layer.kind === "area" ? this.#area(run, layer.tone) : this.#line(run, layer.tone));
      }
    }
    for (const level of this.content.levels ?? []) {
      const y = this.toY(level.value);
      parts.push(svg("line", {
        class: "level", "data-tone": level.tone, x1: this.inner.left, x2: this.inner.right, y1: y, y2: y}));
    }
    for (const moment of this.content.moments ?? []) {
      const x = this.toX(moment.time);
      parts.push(svg("line", {class: "moment", x1: x, x2: x, y1: this.inner.top, y2: this.inner.bottom}));
    }
    for (const dot of this.content.dots ?? []) {
      parts.push(svg("circle", {
        class: "dot", "data-tone": dot.tone, cx: this.toX(dot.time), cy: this.toY(dot.value), r: 3.5}));
    }
    return parts;
  }

  #line(run, tone) {
    const points = run.map(([time, value]) => `${this.toX(time).toFixed(1)},${this.toY(value).toFixed(1)}`);
    return svg("polyline", {class: "line", "data-tone": tone, points: points.join(" ")});
  }

  #area(run, tone) {
    const upper = run.map(([time, , high]) => `${this.toX(time).toFixed(1)},${this.toY(high).toFixed(1)}`);
    const lower = run.map(([time, low]) => `${this.toX(time).toFixed(1)},${this.toY(low).toFixed(1)}`);
    return svg("polygon", {
      class: "area", "data-tone": tone, points: [...upper, ...lower.reverse()].join(" ")});
  }

  #notes() {
    const {inner} = this;
    const parts = [];
    for (const level of this.content.levels ?? []) {
      if (!level.text) continue;
      parts.push(svg("text", {
        class: "note", "data-tone": level.tone, x: inner.left + 4, y: this.toY(level.value) - 4}, level.text));
    }
    for (const moment of this.content.moments ?? []) {
      if (!moment.text) continue;
      // Beside its line, on the side where there is room.
      const x = this.toX(moment.time);
      const left = x > inner.right - 80;
      parts.push(svg("text", {
        class: "note", x: x + (left ? -4 : 4), y: inner.bottom - 5, "text-anchor": left ? "end" : "start"},
      moment.text));
    }
    return parts;
  }

  #point(event) {
    const {content} = this;
    if (!content?.times?.length) return;
    const box = this.svg.getBoundingClientRect();
    const [from, to] = content.x;
    const share = (event.clientX - box.left - this.inner.left) / (this.inner.right - this.inner.left);
    const index = nearest(content.times, from + share * (to - from));
    const x = this.toX(content.times[index]);
    for (const [name, value] of [["x1", x], ["x2", x], ["visibility", "visible"]]) {
      this.cursor.setAttribute(name, value);
    }
    setText(this.readout, content.readout(index));
  }

  #leave() {
    setText(this.readout, "");
    this.cursor?.setAttribute("visibility", "hidden");
  }
}

/** Round values within `[from, to]`, about `count` of them. */
function steps([from, to], count, binary, least) {
  const wanted = (to - from) / count;
  if (!(wanted > 0)) return [];
  const base = binary ? 2 : 10;
  const power = base ** Math.floor(Math.log(wanted) / Math.log(base));
  const round = binary ? 2 * power : [1, 2, 5, 10].find((one) => one * power >= wanted) * power;
  const step = Math.max(round, least);
  const values = [];
  for (let value = Math.ceil(from / step) * step; value <= to; value += step) values.push(value);
  return values;
}

function runs(points) {
  const found = [[]];
  for (const point of points) {
    if (point === null) {
      found.push([]);
    } else {
      found.at(-1).push(point);
    }
  }
  return found.filter((run) => run.length > 0);
}

function nearest(times, wanted) {
  let low = 0;
  let high = times.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle] < wanted) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return wanted - times[low] < times[high] - wanted ? low : high;
}
