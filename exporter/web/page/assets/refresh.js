// Keeps what is shown up to date: at the exporter's own pace, not while nobody looks, and with a word
// when it fails.

import {ApiError} from "./api.js";
import {el, setAttribute, setText, show} from "./dom.js";
import * as format from "./format.js";

const FASTEST_SECONDS = 2;
const DEFAULT_SECONDS = 15;
const TICK_MS = 1000;

export class Refresh {
  /** `load()` loads what is on the screen; it throws an ApiError. `unfinished()`: whether the exporter is
   * still reading some of it. */
  constructor(load, unfinished) {
    this.load = load;
    this.unfinished = unfinished;
    this.seconds = DEFAULT_SECONDS;
    this.age = el("span", {class: "age"});
    this.button = el("button", {type: "button", class: "pause", "aria-pressed": "false",
      onclick: () => this.#toggle()}, "Pause");
    this.element = el("div", {class: "live"}, el("i", {class: "lamp", "aria-hidden": "true"}), this.age, this.button);
    // Read aloud once when it fails, and once when it works again: the age beside it goes on silently.
    this.message = el("span", {role: "status"});
    this.shownAge = el("span", {"aria-hidden": "true"});
    this.failure = el("div", {class: "failure", hidden: true}, this.message, " ", this.shownAge);
    document.addEventListener("visibilitychange", () => this.#awake());
    setInterval(() => this.#tick(), TICK_MS);
  }

  /** The exporter's own pace, in seconds. */
  set pace(seconds) {
    this.seconds = Math.max(FASTEST_SECONDS, seconds ?? DEFAULT_SECONDS);
  }

  /** Now; and from then on again and again. */
  async now() {
    clearTimeout(this.timer);
    // One that began for another view must not be the last word.
    const turn = this.turn = (this.turn ?? 0) + 1;
    const begun = performance.now();
    try {
      await this.load();
      if (turn !== this.turn) return;
      this.loadedAt = performance.now();
      this.error = undefined;
    } catch (error) {
      if (turn !== this.turn) return;
      // A mistake of ours belongs into the console, and must not end the refresh.
      if (!(error instanceof ApiError)) console.error(error);
      this.error = error instanceof ApiError ? error.message : "the answer is not understood";
    }
    this.#tick();
    this.#next(begun);
  }

  #next(begun) {
    if (this.paused || document.hidden) return;
    const passed = performance.now() - begun;
    const seconds = this.unfinished() ? FASTEST_SECONDS : this.seconds;
    this.timer = setTimeout(() => this.now(), Math.max(FASTEST_SECONDS * 500, seconds * 1000 - passed));
  }

  #awake() {
    clearTimeout(this.timer);
    if (!document.hidden && !this.paused) this.now();
  }

  #toggle() {
    this.paused = !this.paused;
    setAttribute(this.button, "aria-pressed", String(this.paused));
    setText(this.button, this.paused ? "Resume" : "Pause");
    clearTimeout(this.timer);
    if (this.paused) {
      this.#tick();
    } else {
      this.now();
    }
  }

  // Says how old what is shown is.
  #tick() {
    if (document.hidden) return;
    const old = this.loadedAt === undefined ? undefined : (performance.now() - this.loadedAt) / 1000;
    setAttribute(this.element, "data-state", this.error ? "failed" : this.paused ? "paused" : "live");
    setText(this.age, old === undefined ? "loading" : old < 1.5 ? "just now" : `${format.duration(old)} ago`);
    show(this.failure, this.error !== undefined);
    setText(this.message, this.error === undefined ? ""
      : `Cannot refresh: ${this.error}. ${this.paused ? "" : "Trying again by itself."}`);
    setText(this.shownAge, this.error === undefined ? "" : old === undefined ? "Nothing could be shown yet."
      : `What you see is ${format.duration(old)} old.`);
  }
}
