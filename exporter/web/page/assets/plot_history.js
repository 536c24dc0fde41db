// A history as a chart: what was measured, the trend through it, and where it meets the limit.

import {bytes, count, duration, exactTime, moment} from "./format.js";
import {range} from "./plot.js";

// The future takes at most so many times as much of the chart as the past.
const FUTURE = 2;
const SOME_FUTURE = 0.15;
// A limit farther away than this would press the history flat.
const LIMIT_IN_SIGHT = 2.5;
// Descriptors: one more or less is no mountain.
const FEW = 8;

/**
 * `series` is one of the API's `history`; `left` the seconds until its limit, `from` when its growth
 * began, both undefined where unknown. undefined where there is nothing to draw yet.
 */
export function historyContent(series, {name, now, left, from, tone, format = bytes}) {
  const points = series?.points ?? [];
  if (points.length < 2) return undefined;
  const first = points[0][0];
  const last = points.at(-1)[0];
  const slope = series.slope_bytes_per_second ?? series.slope_per_second;
  const grows = slope > 0 && series.through !== undefined;
  const end = left !== undefined ? last + left : undefined;
  const future = (last - first) * (grows ? FUTURE : 0);
  const until = !grows ? last
    : end !== undefined && end <= last + future ? end + (end - first) * 0.04
      : last + (last - first) * (end !== undefined ? FUTURE / 2 : SOME_FUTURE);

  const values = points.map((point) => point[1]);
  const limit = series.limit_bytes ?? series.limit;
  const highest = Math.max(...values);
  const reached = end !== undefined && end <= until;
  const limitShown = limit !== undefined && (reached || limit <= highest * LIMIT_IN_SIGHT);
  const trend = grows ? trendOf(series.through, slope, {from: from ?? first, first, last, until, end, limit}) : [];
  const [low, high] = range([
    ...values, ...trend.map((point) => point[1]).filter((value) => value >= 0), ...(limitShown ? [limit] : [])],
  format === count ? FEW : 1);
  const top = high + (high - low) * 0.06;

  return {
    x: [first, until], y: [low, top], format, binary: format === bytes, least: format === count ? 1 : 0,
    layers: [
      {kind: "area", points: points.map(([time, value]) => [time, low, value]), tone},
      {kind: "line", points, tone},
      {kind: "line", points: trend, tone: "trend"},
    ],
    levels: limitShown ? [{value: limit, text: `limit ${format(limit)}`, tone: "limit"}] : [],
    moments: [
      ...(until > last ? [{time: last, text: until - last > (last - first) * 0.3 ? "now" : ""}] : []),
      ...(reached ? [{time: end, text: moment(end, now)}] : []),
    ],
    dots: reached ? [{time: end, value: limit ?? trend.at(-1)[1], tone: "limit"}] : [],
    times: points.map((point) => point[0]),
    readout: (index) => `${format(points[index][1])} at ${exactTime(points[index][0])}`,
    label: sentence({name, points, format, limit, left}),
  };
}

/** Through the past along the slope, and from there to where the limit is expected. */
function trendOf(through, slope, {from, first, last, until, end, limit}) {
  const [time, value] = through;
  const at = (when) => value + (when - time) * slope;
  const start = Math.max(from, first);
  if (end === undefined || limit === undefined || end <= last) return [[start, at(start)], [until, at(until)]];
  const beyond = (when) => at(last) + ((limit - at(last)) * (when - last)) / (end - last);
  const stop = Math.min(end, until);
  return [[start, at(start)], [last, at(last)], [stop, beyond(stop)]];
}

function sentence({name, points, format, limit, left}) {
  const [first, last] = [points[0], points.at(-1)];
  let text = `${name}: from ${format(first[1])} to ${format(last[1])} in ${duration(last[0] - first[0])}`;
  if (limit !== undefined) text += `; the limit is ${format(limit)}`;
  if (left !== undefined) text += `, reached in about ${duration(left)}`;
  return text;
}

export const formatOf = (resource) => (resource === "descriptors" ? count : bytes);
