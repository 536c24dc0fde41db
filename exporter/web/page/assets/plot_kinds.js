// What a process was by kind, over time: its memory as a stack, its descriptors, its load.

import {bytes, count, duration, exactTime, listed, number} from "./format.js";

export const KINDS = [
  {field: "anon_bytes", name: "anonymous", tone: "anon"},
  {field: "swap_bytes", name: "swapped out", tone: "swap"},
  {field: "shmem_bytes", name: "shared memory", tone: "shmem"},
  {field: "file_bytes", name: "mapped files", tone: "file"},
];

/** The kinds on top of each other; a gap where one of those that are known at all was not read. */
export function stackContent(kinds) {
  const times = kinds?.times ?? [];
  const shown = KINDS.filter(({field}) => kinds?.[field]?.some((value) => value !== null));
  if (times.length < 2 || shown.length === 0) return undefined;
  const layers = shown.map(({tone}) => ({kind: "area", points: [], tone}));
  let highest = 0;
  for (let i = 0; i < times.length; ++i) {
    let sum = 0;
    const complete = shown.every(({field}) => typeof kinds[field][i] === "number");
    shown.forEach(({field}, layer) => {
      layers[layer].points.push(complete ? [times[i], sum, (sum += kinds[field][i])] : null);
    });
    highest = Math.max(highest, sum);
  }
  return {
    x: [times[0], times.at(-1)], y: [0, Math.max(1, highest * 1.06)], format: bytes, binary: true, layers, times,
    readout: (index) => `${shown.map(({field, name}) => `${name} ${bytes(kinds[field][index])}`).join(", ")} at ${
      exactTime(times[index])}`,
    label: `Memory by kind over ${duration(times.at(-1) - times[0])}: now ${
      listed(shown.map(({field, name}) => `${name} ${bytes(kinds[field].at(-1))}`))}`,
    shown,
  };
}

/** One of the other values as a line, `limit` above it where that is near. */
export function lineContent(kinds, field, {name, format = number, limit, tone = field}) {
  const times = kinds?.times ?? [];
  const values = kinds?.[field] ?? [];
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length < 2) return undefined;
  const highest = Math.max(...numbers);
  const near = limit !== undefined && limit <= highest * 2;
  const top = Math.max(near ? limit : highest, format === count ? 4 : 0.1) * 1.08;
  const points = times.map((time, i) => (typeof values[i] === "number" ? [time, values[i]] : null));
  return {
    x: [times[0], times.at(-1)], y: [0, top], format, least: format === count ? 1 : 0,
    layers: [{kind: "area", points: points.map((point) => point && [point[0], 0, point[1]]), tone},
      {kind: "line", points, tone}],
    levels: near ? [{value: limit, text: `limit ${format(limit)}`, tone: "limit"}] : [],
    times, readout: (index) => `${format(values[index])} at ${exactTime(times[index])}`,
    label: `${name} over ${duration(times.at(-1) - times[0])}: from ${format(numbers[0])} to ${
      format(numbers.at(-1))}, at most ${format(highest)}`,
  };
}
