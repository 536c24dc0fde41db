// What is shown while nobody is suspected: how long which leak takes to show, so that silence can be
// judged.

import {el, keyed, setAttribute, setText} from "./dom.js";
import * as format from "./format.js";

// What tests/browser/speeds.py prints: bytes that are leaked in a slot, and after how many slots that is
// suspected where 2 GiB or 16 GiB are left to fill.
const SPEEDS = [
  {perSlot: 17895697, near: 72, far: 336},
  {perSlot: 4473924, near: 192, far: 512},
  {perSlot: 1118481, near: 512, far: 512},
  {perSlot: 279620, near: 832, far: 832},
  {perSlot: 69905, near: 1536, far: 1536},
  {perSlot: 17476, near: 1664, far: 1664},
];
// What runs out sooner than this is a suspect without a verdict.
const SOON_SLOTS = 240;

export class NoneYet {
  constructor() {
    this.watched = el("p");
    this.body = el("tbody");
    this.soon = el("span");
    this.element = el("div", {class: "none-yet"}, this.watched,
      el("details", {open: true}, el("summary", {}, "How long a leak takes to show"),
        el("table", {class: "speeds"},
          el("thead", {}, el("tr", {}, el("th", {scope: "col", class: "number"}, "A steady leak of"),
            el("th", {scope: "col", class: "number"}, "with 2 GiB left"),
            el("th", {scope: "col", class: "number"}, "with 16 GiB left"))), this.body),
        el("p", {class: "quiet"}, "Measured on a quiet program of 300 MiB that leaks from its start. Noise and " +
          "load take longer: a verdict waits until neither warm-up nor work explains the growth. ", this.soon)));
  }

  update(exporter, time) {
    const slot = exporter.slot_seconds ?? 60;
    const watched = time - exporter.start_time;
    setText(this.soon, `What runs out within ${
      format.duration(SOON_SLOTS * slot)} shows without waiting for one.`);
    setText(this.watched, `None yet, after ${format.duration(watched)} of watching.`);
    keyed(this.body, SPEEDS, ({perSlot}) => perSlot,
      () => el("tr", {}, el("th", {scope: "row", class: "number"}), el("td", {class: "number"}),
        el("td", {class: "number"})), (element, {perSlot, near, far}) => {
        const [speed, ...cells] = element.children;
        setText(speed, format.rate(perSlot / slot));
        [near, far].forEach((slots, i) => {
          const passed = watched > slots * slot;
          setText(cells[i], `${format.duration(slots * slot)}${passed ? " ✓" : ""}`);
          setAttribute(cells[i], "title", passed ? "would have shown by now" : "would not show yet");
        });
      });
  }
}
