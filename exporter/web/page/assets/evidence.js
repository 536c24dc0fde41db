// What was read of a suspected process, and what to run next.

import {el, keyed, printable, setText, show} from "./dom.js";
import * as format from "./format.js";

export class Evidence {
  constructor() {
    this.reasons = el("ul", {class: "reasons"});
    this.mappings = breakdown("Resident memory by kind of mapping", format.bytes);
    this.share = el("p", {class: "quiet"});
    this.descriptors = breakdown("Descriptors by kind", format.count);
    this.targets = el("details", {}, el("summary", {}, "What they lead to most"), el("ul", {class: "targets"}));
    this.jvm = el("p");
    this.element = el("div", {class: "evidence"}, el("h4", {}, "Evidence"), this.reasons, this.mappings.element,
      this.share, this.descriptors.element, this.targets, this.jvm);
  }

  update(evidence) {
    show(this.element, evidence !== undefined);
    if (evidence === undefined) return;
    const reasons = evidence.reasons ?? [];
    show(this.reasons, reasons.length > 0);
    keyed(this.reasons, reasons, (reason) => reason, () => el("li"), (element, reason) =>
      setText(element, printable(reason)));
    this.mappings.update(evidence.mappings);
    show(this.share, evidence.proportional_bytes !== undefined);
    setText(this.share, `Its proportional share (Pss) is ${format.bytes(evidence.proportional_bytes)}.`);
    this.descriptors.update(evidence.descriptors);
    const targets = evidence.descriptor_targets ?? [];
    show(this.targets, targets.length > 0);
    keyed(this.targets.lastElementChild, targets, ({target}) => target,
      () => el("li", {}, el("span", {class: "number"}), " × ", el("bdi")), (element, {target, count}) => {
        setText(element.firstElementChild, format.count(count));
        setText(element.lastElementChild, printable(target));
      });
    show(this.jvm, evidence.jvm !== undefined);
    setText(this.jvm, heap(evidence.jvm ?? {}));
  }
}

/** Named quantities, the largest first, each with a bar. */
function breakdown(title, text) {
  const list = el("ul", {class: "breakdown", "aria-label": title});
  return {
    element: list,
    update(quantities) {
      const parts = Object.entries(quantities ?? {}).filter(([, value]) => value > 0).sort((a, b) => b[1] - a[1]);
      const largest = parts[0]?.[1];
      show(list, parts.length > 0);
      keyed(list, parts, ([name]) => name,
        () => el("li", {}, el("span"), el("span", {class: "bar", "aria-hidden": "true"}, el("i")),
          el("span", {class: "number"})), (element, [name, value]) => {
          const [label, bar, figure] = element.children;
          setText(label, name);
          bar.firstElementChild.style.width = `${(100 * value) / largest}%`;
          setText(figure, text(value));
        });
    },
  };
}

function heap(jvm) {
  const {old_generation_used_bytes: used, old_generation_capacity_bytes: capacity,
    old_generation_after_full_collection_bytes: after} = jvm;
  const parts = [];
  if (used !== undefined) {
    parts.push(`old generation ${format.bytes(used)}${capacity === undefined ? "" : ` of ${format.bytes(capacity)}`}`);
  }
  if (after !== undefined) parts.push(`${format.bytes(after)} of it left after the last full collection`);
  return parts.length > 0 ? `Java heap: ${parts.join(", ")}.` : "";
}

export class NextCommands {
  constructor() {
    this.list = el("ol", {class: "commands"});
    this.element = el("div", {class: "next"}, el("h4", {}, "Run next"), this.list);
  }

  update(commands = []) {
    show(this.element, commands.length > 0);
    keyed(this.list, commands, ({command}) => command, newCommand, (element, {command, shows}) => {
      const [line, text] = element.children;
      setText(line.firstElementChild, printable(command));
      setText(text, printable(shows));
    });
  }
}

const COPIED_MS = 2000;

function newCommand() {
  const code = el("code", {tabindex: "0"});
  // Named once and for all: what is said after a press is the message, not a new name of the button.
  const said = el("span", {class: "for-ears", role: "status"});
  const button = el("button", {type: "button", class: "copy", onclick: async () => {
    const copied = await copy(code);
    button.classList.toggle("copied", copied);
    setText(button.firstElementChild, copied ? "Copied" : "Selected");
    setText(said, copied ? "copied" : "selected: copy it with the keyboard");
    setTimeout(() => {
      button.classList.remove("copied");
      setText(button.firstElementChild, "Copy");
      setText(said, "");
    }, COPIED_MS);
  }}, el("span", {}, "Copy"));
  return el("li", {}, el("div", {class: "command"}, code, button, said), el("p", {class: "quiet"}));
}

/** Browsers give the clipboard only to pages of https and of localhost; elsewhere the old way may do. */
async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    const range = document.createRange();
    range.selectNodeContents(code);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    return document.execCommand("copy");
  }
}
