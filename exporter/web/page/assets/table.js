// A table of thousands of rows, of which only those in sight are in the document. Sorted and searched
// here, so that both answer at once. A refresh keeps scroll, sort, search, selection and focus.

import {el, printable, setAttribute, setText, show} from "./dom.js";
import {plural} from "./format.js";

const BEYOND = 6;  // rows above and below those in sight
const SETTLED_MS = 120;
const LOWEST_ROW = 16;

/**
 * columns: [{id, title, hint, value: row => what to sort by (undefined comes last), text: row => string
 *            or fill(cell, row, row's key), kind: "text" | "number" | "plot", link: row => address}]
 * The first column is the row's header and its link.
 * searchText: row => string; onView(rows in sight) after scrolling has settled; onChange() after the
 * person has sorted or searched.
 */
export class Table {
  constructor({name, label, nouns, columns, keyOf, searchText, sort, onView, onChange, searchHint}) {
    Object.assign(this, {columns, keyOf, searchText, onView, onChange, nouns});
    this.sort = sort;
    this.initialSort = sort;
    this.rows = [];
    this.shown = [];
    this.rendered = new Map();  // key -> row element
    this.free = [];
    this.current = undefined;  // the key of the row that Tab reaches
    this.scrollTop = 0;

    this.search = el("input", {
      type: "search", "aria-label": `Search ${nouns[1]}`, placeholder: searchHint, autocomplete: "off",
      spellcheck: "false", maxlength: "200", "aria-keyshortcuts": "/",
      oninput: () => this.#searched(), onkeydown: (event) => this.#searchKey(event)});
    this.counted = el("p", {class: "counted", role: "status"});
    this.head = el("div", {role: "row", class: "row head", "aria-rowindex": "1"});
    this.headers = columns.map((column) => this.#header(column));
    this.head.append(...this.headers);
    this.body = el("div", {role: "rowgroup", class: "rows", onkeydown: (event) => this.#rowKey(event),
      onfocusin: (event) => this.#focused(event)});
    this.empty = el("p", {class: "empty", hidden: true});
    this.table = el("div", {role: "table", class: "table", "aria-label": label},
      el("div", {role: "rowgroup", class: "heads"}, this.head), this.body);
    // As high as a row, whatever the size of the letters and of the screen.
    this.probe = el("div", {class: "probe", "aria-hidden": "true"});
    this.scroller = el("div", {class: `scroller ${name}`, role: "region", "aria-label": label, tabindex: "0",
      onscroll: () => this.#scrolled()}, this.probe, this.table, this.empty);
    this.element = el("div", {class: "searchable"},
      el("div", {class: "tools"}, this.search, this.counted), this.scroller);
    new ResizeObserver(() => this.#resized()).observe(this.scroller);
    this.#showSort();
  }

  update(rows) {
    this.rows = rows;
    this.loaded = true;
    this.#choose();
    this.#render();
    this.#settle();
  }

  /** Draws again what is in sight, after what `fill` takes from elsewhere has changed. */
  redraw() {
    this.#render();
  }

  /** `text` and `sort` as in the address: "-resident_bytes". */
  setState({search = "", sort}) {
    if (this.search.value !== search) this.search.value = search;
    const id = sort?.replace(/^-/, "");
    const column = this.columns.find((one) => one.id === id && one.value);
    this.sort = column ? {id, descending: sort.startsWith("-")} : this.initialSort;
    this.#showSort();
    this.#choose();
    this.#render();
    this.#settle();
  }

  state() {
    const {id, descending} = this.sort;
    const same = id === this.initialSort.id && descending === this.initialSort.descending;
    return {search: this.search.value, sort: same ? "" : `${descending ? "-" : ""}${id}`};
  }

  /** After it was hidden, where browsers forget how far it was scrolled. */
  shownAgain() {
    if (this.scroller.scrollTop !== this.scrollTop) this.scroller.scrollTop = this.scrollTop;
    this.#render();
    this.#settle();
  }

  inSight() {
    const [first, end] = this.#range(0);
    return this.shown.slice(first, end);
  }

  #header(column) {
    const label = el("span", {}, column.title);
    const cell = el("div", {role: "columnheader", class: `cell ${column.kind ?? "text"} c-${column.id}`});
    if (column.value) {
      cell.append(el("button", {type: "button", title: column.hint, onclick: () => this.#sortBy(column)},
        label, el("span", {class: "arrow", "aria-hidden": "true"})));
    } else {
      cell.append(label);
      if (column.hint) cell.title = column.hint;
    }
    return cell;
  }

  #sortBy(column) {
    const text = (column.kind ?? "text") === "text" && !column.worstFirst;
    const again = this.sort.id === column.id;
    this.sort = {id: column.id, descending: again ? !this.sort.descending : !text};
    this.#showSort();
    this.#choose();
    this.scroller.scrollTop = 0;
    this.#render();
    this.#settle();
    this.onChange?.();
  }

  #showSort() {
    this.columns.forEach((column, i) => {
      if (!column.value) return;
      const sorted = column.id === this.sort.id ? (this.sort.descending ? "descending" : "ascending") : undefined;
      setAttribute(this.headers[i], "aria-sort", sorted ?? "none");
      setText(this.headers[i].querySelector(".arrow"), {descending: "▼", ascending: "▲"}[sorted] ?? "");
    });
  }

  #searched() {
    this.#choose();
    this.scroller.scrollTop = 0;
    this.#render();
    this.#settle();
    this.onChange?.();
  }

  #searchKey(event) {
    if (event.key === "Escape" && this.search.value) {
      event.preventDefault();
      this.search.value = "";
      this.#searched();
    } else if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      if (this.shown.length > 0) this.#focusRow(0);
    }
  }

  // The rows to show, in order.
  #choose() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = words.length === 0 ? [...this.rows] : this.rows.filter((row) => {
      const text = this.searchText(row).toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const column = this.columns.find((one) => one.id === this.sort.id);
    const values = new Map(chosen.map((row) => [row, column.value(row)]));
    const sign = this.sort.descending ? -1 : 1;
    chosen.sort((a, b) => {
      const [x, y] = [values.get(a), values.get(b)];
      if (x !== y) {
        if (x === undefined || x === "") return 1;
        if (y === undefined || y === "") return -1;
        if (x < y) return -sign;
        if (x > y) return sign;
      }
      // Equal ones keep their places from one refresh to the next.
      return this.keyOf(a) < this.keyOf(b) ? -1 : 1;
    });
    this.shown = chosen;
    this.places = undefined;
    const counted = words.length > 0 ? `${chosen.length} of ${plural(this.rows.length, ...this.nouns)}`
      : plural(this.rows.length, ...this.nouns);
    setText(this.counted, this.loaded ? counted : "");
    show(this.empty, this.loaded && chosen.length === 0);
    setText(this.empty, words.length > 0 ? `No ${this.nouns[0]} has “${printable(this.search.value)}” in its names.`
      : `There are no ${this.nouns[1]} to show.`);
  }

  #placeOf(key) {
    this.places ??= new Map(this.shown.map((row, i) => [this.keyOf(row), i]));
    return this.places.get(key);
  }

  #measure() {
    this.rowHeight = Math.max(LOWEST_ROW, this.probe.offsetHeight);
    this.headHeight = this.head.offsetHeight;
    this.height = this.scroller.clientHeight;
    this.width = this.scroller.clientWidth;
  }

  #range(beyond) {
    const visible = Math.max(0, this.height - this.headHeight);
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / this.rowHeight) - beyond);
    const end = Math.ceil((this.scroller.scrollTop + visible) / this.rowHeight) + beyond;
    return [first, Math.min(this.shown.length, end)];
  }

  #render() {
    if (!this.scroller.isConnected || this.scroller.clientHeight === 0) return;
    this.#measure();
    this.body.style.height = `${this.shown.length * this.rowHeight}px`;
    setAttribute(this.table, "aria-rowcount", this.shown.length + 1);

    const [first, end] = this.#range(BEYOND);
    const wanted = new Map();
    for (let i = first; i < end; ++i) wanted.set(this.keyOf(this.shown[i]), i);
    const focused = this.#focusedKey();
    const lost = focused !== undefined && this.#placeOf(focused) === undefined;
    if (focused !== undefined && !lost) wanted.set(focused, this.#placeOf(focused));
    if (this.current === undefined || this.#placeOf(this.current) === undefined) {
      const place = Math.min(this.currentPlace ?? 0, this.shown.length - 1);
      this.current = place >= 0 ? this.keyOf(this.shown[place]) : undefined;
    }

    for (const [key, element] of this.rendered) {
      if (!wanted.has(key)) {
        this.rendered.delete(key);
        this.free.push(element);
      }
    }
    for (const [key, place] of wanted) {
      let element = this.rendered.get(key);
      if (!element) {
        element = this.free.pop() ?? this.#newRow();
        this.rendered.set(key, element);
        if (!element.isConnected) this.body.append(element);
      }
      this.#fill(element, this.shown[place], key, place);
    }
    for (const element of this.free) element.remove();
    if (this.#placeOf(this.current) !== undefined) this.currentPlace = this.#placeOf(this.current);
    // What had the focus has ended: the one in its place has it now.
    if (lost && this.current !== undefined) this.#focusRow(this.currentPlace);
  }

  #newRow() {
    const cells = this.columns.map((column, i) => {
      const cell = el("div", {
        role: i === 0 ? "rowheader" : "cell", class: `cell ${column.kind ?? "text"} c-${column.id}`,
        "data-label": column.short ?? column.title});
      if (i === 0) cell.append(el("a"));
      column.prepare?.(cell);
      return cell;
    });
    const row = el("div", {role: "row", class: "row"}, ...cells);
    row.cells = cells;
    return row;
  }

  #fill(element, row, key, place) {
    element.key = key;
    element.style.transform = `translateY(${place * this.rowHeight}px)`;
    setAttribute(element, "aria-rowindex", place + 2);
    element.classList.toggle("odd", place % 2 === 1);
    this.columns.forEach((column, i) => {
      const cell = element.cells[i];
      if (i === 0) {
        const link = cell.firstElementChild;
        setAttribute(link, "href", column.link(row));
        setAttribute(link, "tabindex", key === this.current ? "0" : "-1");
        column.fill(link, row);
      } else if (column.fill) {
        column.fill(cell, row, key);
      } else {
        setText(cell, column.text(row));
      }
    });
  }

  #scrolled() {
    this.scrollTop = this.scroller.scrollTop;
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = undefined;
      this.#render();
      this.#settle();
    });
  }

  #resized() {
    if (this.scroller.clientWidth === this.width && this.scroller.clientHeight === this.height) return;
    this.#render();
    this.#settle();
  }

  #settle() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      if (this.scroller.clientHeight > 0 && this.shown.length > 0) this.onView?.(this.inSight());
    }, SETTLED_MS);
  }

  #focusedKey() {
    const active = document.activeElement;
    return this.body.contains(active) ? active.closest(".row").key : undefined;
  }

  #focused(event) {
    const {key} = event.target.closest(".row");
    if (key === this.current) return;
    const before = this.rendered.get(this.current);
    this.current = key;
    this.currentPlace = this.#placeOf(key);
    if (before) setAttribute(before.cells[0].firstElementChild, "tabindex", "-1");
    setAttribute(this.rendered.get(key).cells[0].firstElementChild, "tabindex", "0");
  }

  #rowKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor((this.height - this.headHeight) / this.rowHeight) - 1);
    const steps = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity};
    const step = steps[event.key];
    const place = this.#placeOf(this.#focusedKey());
    if (step === undefined || place === undefined) return;
    event.preventDefault();
    this.#focusRow(Math.max(0, Math.min(this.shown.length - 1, place + step)));
  }

  #focusRow(place) {
    const top = place * this.rowHeight;
    const visible = this.height - this.headHeight;
    if (top < this.scroller.scrollTop) {
      this.scroller.scrollTop = top;
    } else if (top + this.rowHeight > this.scroller.scrollTop + visible) {
      this.scroller.scrollTop = top + this.rowHeight - visible;
    }
    this.current = this.keyOf(this.shown[place]);
    this.currentPlace = place;
    this.#render();
    this.rendered.get(this.current)?.cells[0].firstElementChild.focus({preventScroll: true});
  }
}
