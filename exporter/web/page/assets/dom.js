// Elements without markup: what comes from the host is only ever text.

/** el("a", {class: "quiet", href: "#/"}, "text", child, ...). Functions become listeners (`onclick`). */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  set(element, attributes);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  set(element, attributes);
  element.append(...children);
  return element;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), value);
    } else if (value !== undefined && value !== null && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
}

/** Touches the document only where something changed, so that a selection or a screen reader in the
 * middle of it is left alone. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (value === undefined || value === null || value === false) {
    element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) {
    element.setAttribute(name, value === true ? "" : value);
  }
}

export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** Text of the host's: isolated, so that it cannot turn the reading direction of its neighbours, and
 * without control characters. */
export function hostText(text) {
  const element = el("bdi");
  setHostText(element, text);
  return element;
}

export function setHostText(element, text) {
  setText(element, printable(text));
}

export function printable(text) {
  return String(text ?? "").replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

/**
 * Makes the children of `parent` those of `items`, in order. An item keeps its element, and thereby what
 * is open, selected and focused in it, for as long as its key is there.
 * `create(item)` returns an element, `update(element, item)` fills it.
 */
export function keyed(parent, items, keyOf, create, update) {
  const old = parent.keyedElements ?? new Map();
  const now = new Map();
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    if (now.has(key)) continue;
    const element = old.get(key) ?? create(item);
    now.set(key, element);
    update(element, item);
    if (element === place) {
      place = place.nextElementSibling;
    } else {
      parent.insertBefore(element, place);
    }
  }
  for (const [key, element] of old) {
    if (now.get(key) !== element) element.remove();
  }
  parent.keyedElements = now;
}
