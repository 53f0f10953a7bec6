/**
 * Names after "@": `<textarea data-module="naming">` inside `[data-people='["Ada Invented", …]']` offers those that begin as
 * what is typed. Arrows choose, Enter or Tab takes, Escape closes; the words are an ordinary text without it.
 */

import { _ } from "../words.js";

const MOST = 8;
let made = 0;

class Naming {
  /** @param {HTMLTextAreaElement} field */
  constructor(field) {
    this.field = field;
    /** @type {string[]} */
    this.names = JSON.parse(field.closest("[data-people]")?.getAttribute("data-people") ?? "[]");
    this.at = 0;
    this.list = document.createElement("ul");
    this.list.className = "naming__list";
    this.list.id = `naming-${(made += 1)}`;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", _("People in this group"));
    this.list.hidden = true;
    this.said = document.createElement("span");
    this.said.className = "visually-hidden";
    this.said.setAttribute("role", "status");
    // Beside the field, which is not moved: it may have the focus.
    field.after(this.list, this.said);
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", this.list.id);
  }

  start() {
    this.field.addEventListener("input", () => this.#look());
    this.field.addEventListener("click", () => this.#look());
    this.field.addEventListener("blur", () => this.#close());
    this.field.addEventListener("keydown", (event) => this.#key(event));
    // The field keeps the focus: a press on a name must not take it away.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", ({ target }) => {
      const line = target instanceof Element ? target.closest("li") : null;
      if (line) this.#take(line.textContent ?? "");
    });
    // What was typed before this was there counts too.
    if (document.activeElement === this.field) this.#look();
  }

  /** What was typed after the last "@" before the cursor, or null. */
  #typed() {
    const before = this.field.value.slice(0, this.field.selectionStart);
    const found = /(?:^|[\s(])@([^@\n]{0,40})$/.exec(before);
    return found ? (found[1] ?? "") : null;
  }

  #look() {
    // Words that are put back into a form are nobody's typing.
    const typed = document.activeElement === this.field ? this.#typed() : null;
    if (typed === null) return this.#close();
    const begun = typed.toLocaleLowerCase();
    const fits = this.names.filter((name) => name.toLocaleLowerCase() !== begun
      && (name.toLocaleLowerCase().startsWith(begun) || name.toLocaleLowerCase().includes(` ${begun}`))).slice(0, MOST);
    if (!fits.length) return this.#close();
    this.list.replaceChildren(...fits.map((name, number) => {
      const line = document.createElement("li");
      line.id = `${this.list.id}-${number}`;
      line.setAttribute("role", "option");
      line.textContent = name;
      return line;
    }));
    this.list.hidden = false;
    this.said.textContent = fits.length === 1
      ? _("1 name. Enter takes it.")
      : _("{count} names. Arrow keys choose, Enter takes one.", { count: fits.length });
    return this.#choose(0);
  }

  /** @param {number} at */
  #choose(at) {
    const lines = [...this.list.children];
    this.at = (at + lines.length) % lines.length;
    for (const [number, line] of lines.entries()) line.setAttribute("aria-selected", String(number === this.at));
    const chosen = lines[this.at];
    if (!chosen) return;
    this.field.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({ block: "nearest" });
  }

  #close() {
    if (this.list.hidden) return;
    this.list.hidden = true;
    this.said.textContent = "";
    this.field.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // Shift+Tab leaves the field, and the Enter that ends a word being composed is no choice.
    if (this.list.hidden || event.isComposing || (event.key === "Tab" && event.shiftKey)) return;
    if (event.key === "ArrowDown") this.#choose(this.at + 1);
    else if (event.key === "ArrowUp") this.#choose(this.at - 1);
    else if (event.key === "Enter" || event.key === "Tab") this.#take(this.list.children[this.at]?.textContent ?? "");
    else if (event.key === "Escape") this.#close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {string} name */
  #take(name) {
    const typed = this.#typed();
    if (typed === null || !name) return this.#close();
    const end = this.field.selectionStart;
    this.field.setRangeText(`${name} `, end - typed.length, end, "end");
    this.#close();
    return this.field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

/** @param {HTMLElement} element */
export function mount(element) {
  if (element instanceof HTMLTextAreaElement) new Naming(element).start();
}
