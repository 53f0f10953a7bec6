/** The editor's toolbar: one stop of the Tab key, arrows within it (WAI-ARIA toolbar); on a phone the rarer half folds. */
import { redo, redoDepth, undo, undoDepth } from "../../vendor/codemirror.js";
import { _ } from "../words.js";
import { address, addLink, inline, isInline, isLine, lines } from "./commands.js";

/** @typedef {import("@codemirror/view").EditorView} View */
/** @typedef {import("@codemirror/state").EditorState} State */

/**
 * @typedef {object} Tool
 * @property {string} name
 * @property {string} label
 * @property {string} icon path data on a grid of 24
 * @property {boolean} rare
 * @property {string} keys
 * @property {(view: View) => unknown} [run]
 * @property {(state: State) => boolean} [on]
 * @property {(state: State) => boolean} [can]
 */

const mac = /Mac|iPhone|iPad/.test(navigator.platform);

/** @param {string} keys */
function shortcut(keys) {
  return mac ? keys.replace("Mod-", "⌘").replace("Shift-", "⇧").replace("Alt-", "⌥") : keys.replace(/-(?=.)/g, "+").replace("Mod", "Ctrl");
}

/**
 * @param {((view: View) => unknown) | undefined} comment
 * @returns {Tool[][]}
 */
function tools(comment) {
  return [
    [
      { name: "bold", label: _("Bold"), rare: false, keys: "Mod-B", run: inline("bold"), on: (state) => isInline(state, "bold"),
        icon: "M7 4.5h6a3.5 3.5 0 0 1 0 7.2H7zM7 11.7h7a3.9 3.9 0 0 1 0 7.8H7z" },
      { name: "italic", label: _("Italic"), rare: false, keys: "Mod-I", run: inline("italic"), on: (state) => isInline(state, "italic"),
        icon: "M10 4.5h8M6 19.5h8M14.5 4.5l-5 15" },
    ],
    [
      { name: "heading", label: _("Heading"), rare: true, keys: "", run: lines("heading"), on: (state) => isLine(state, "heading"),
        icon: "M6 4.5v15M18 4.5v15M6 12h12" },
      { name: "bullets", label: _("Bullet list"), rare: false, keys: "Mod-Shift-8", run: lines("bullets"), on: (state) => isLine(state, "bullets"),
        icon: "M9.5 6H20M9.5 12H20M9.5 18H20M4.5 6h.01M4.5 12h.01M4.5 18h.01" },
      { name: "numbers", label: _("Numbered list"), rare: true, keys: "Mod-Shift-7", run: lines("numbers"), on: (state) => isLine(state, "numbers"),
        icon: "M10 6h10M10 12h10M10 18h10M3.8 4.6 5.2 4v4.4M3.6 15.6c.6-1.2 2.6-.9 2.4.5-.1.9-1.4 1.6-2.4 2.9h2.6" },
      { name: "quote", label: _("Quote"), rare: true, keys: "Mod-Shift-9", run: lines("quote"), on: (state) => isLine(state, "quote"),
        icon: "M4.5 5v14M9 7h11M9 12h11M9 17h7" },
      { name: "link", label: _("Link"), rare: true, keys: "",
        icon: "M10 14a4.2 4.2 0 0 0 6 0l3.2-3.2a4.2 4.2 0 0 0-6-6L12 6M14 10a4.2 4.2 0 0 0-6 0l-3.2 3.2a4.2 4.2 0 0 0 6 6L12 18" },
    ],
    [
      { name: "undo", label: _("Undo my last change"), rare: false, keys: "Mod-Z", run: undo, can: (state) => undoDepth(state) > 0,
        icon: "M8.5 4.5 4 9l4.5 4.5M4 9h10a5.3 5.3 0 0 1 0 10.6H9" },
      { name: "redo", label: _("Redo"), rare: true, keys: mac ? "Mod-Shift-Z" : "Mod-Y", run: redo, can: (state) => redoDepth(state) > 0,
        icon: "M15.5 4.5 20 9l-4.5 4.5M20 9H10a5.3 5.3 0 0 0 0 10.6h5" },
    ],
    ...(comment ? [[
      { name: "comment", label: _("Comment on the marked words"), rare: false, keys: "Mod-Alt-M", run: comment,
        icon: "M4.5 5h15v10.5h-8L7 19.5v-4H4.5zM8.5 8.8h7M8.5 11.8h4.5" },
    ]] : []),
  ];
}

const MORE = "M5.5 12h.01M12 12h.01M18.5 12h.01";

/** @param {string} path */
function icon(path) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  const shape = document.createElementNS(space, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

/**
 * Sets an attribute where it is not so already: to set it anew makes the browser look for styles again.
 * @param {HTMLElement} element
 * @param {string} attribute
 * @param {boolean} is
 */
function say(element, attribute, is) {
  if (element.getAttribute(attribute) !== String(is)) element.setAttribute(attribute, String(is));
}

/**
 * @param {string} name
 * @param {string} label
 * @param {string} path
 */
function button(name, label, path) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = `editor__tool editor__tool--${name}`;
  made.dataset.tool = name;
  made.setAttribute("aria-label", label);
  made.title = label;
  made.append(icon(path));
  return made;
}

export class Toolbar {
  /**
   * @param {string} label what the toolbar is for
   * @param {() => View | null} view
   * @param {(view: View) => unknown} [comment] what "Comment" does, where one can
   */
  constructor(label, view, comment) {
    this.view = view;
    this.dom = document.createElement("div");
    this.dom.className = "editor__bar";
    this.bar = document.createElement("div");
    this.bar.className = "editor__tools";
    this.bar.setAttribute("role", "toolbar");
    this.bar.setAttribute("aria-label", _("Formatting: {label}", { label }));
    /** @type {[Tool, HTMLButtonElement][]} */
    this.tools = [];
    for (const group of tools(comment)) {
      const part = document.createElement("div");
      part.className = "editor__group";
      for (const tool of group) part.append(this.#button(tool));
      this.bar.append(part);
    }
    this.more = button("more", _("More formatting"), MORE);
    this.more.setAttribute("aria-expanded", "false");
    this.more.addEventListener("click", () => this.#unfold(this.more.getAttribute("aria-expanded") !== "true"));
    this.bar.append(this.more);
    this.bar.addEventListener("keydown", (event) => this.#arrows(event));
    this.bar.addEventListener("focusin", ({ target }) => {
      if (target instanceof HTMLButtonElement) this.#stopAt(target);
    });
    this.link = this.#linkForm();
    this.dom.append(this.bar, this.link);
    const first = this.tools[0]?.[1];
    if (first) this.#stopAt(first);
  }

  /** Shows what is on at the cursor and what can be done. @param {State} state */
  update(state) {
    for (const [tool, element] of this.tools) {
      if (tool.on) say(element, "aria-pressed", tool.on(state));
      say(element, "aria-disabled", state.readOnly || (tool.can ? !tool.can(state) : false));
    }
  }

  focus() {
    this.bar.querySelector("button[tabindex='0']")?.dispatchEvent(new FocusEvent("focusin", { bubbles: true }));
    /** @type {HTMLElement | null} */ (this.bar.querySelector("button[tabindex='0']"))?.focus();
  }

  /** @param {Tool} tool */
  #button(tool) {
    const element = button(tool.name, tool.label, tool.icon);
    if (tool.keys) element.title = `${tool.label} (${shortcut(tool.keys)})`;
    if (tool.rare) element.classList.add("editor__tool--rare");
    // The words keep the cursor: a press must not take the focus away from them.
    element.addEventListener("mousedown", (event) => event.preventDefault());
    element.addEventListener("click", () => {
      const view = this.view();
      if (!view || element.getAttribute("aria-disabled") === "true") return;
      if (tool.name === "link") {
        this.#openLink();
        return;
      }
      tool.run?.(view);
      if (tool.name !== "comment") view.focus();
    });
    this.tools.push([tool, element]);
    return element;
  }

  /** @returns {HTMLButtonElement[]} */
  #visible() {
    return [...this.bar.querySelectorAll("button")].filter((each) => each.offsetParent !== null);
  }

  /** @param {HTMLButtonElement} chosen */
  #stopAt(chosen) {
    for (const each of this.bar.querySelectorAll("button")) each.tabIndex = each === chosen ? 0 : -1;
  }

  /** @param {KeyboardEvent} event */
  #arrows(event) {
    const all = this.#visible();
    const here = all.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const last = all.length - 1;
    /** @type {Record<string, number>} */
    const moves = { ArrowRight: here === last ? 0 : here + 1, ArrowLeft: here <= 0 ? last : here - 1, Home: 0, End: last };
    const to = moves[event.key];
    if (event.key === "Escape") this.view()?.focus();
    else if (to !== undefined) all[to]?.focus();
    else return;
    event.preventDefault();
  }

  /** @param {boolean} open */
  #unfold(open) {
    this.more.setAttribute("aria-expanded", String(open));
    this.bar.classList.toggle("editor__tools--open", open);
  }

  #linkForm() {
    const form = document.createElement("form");
    form.className = "editor__link";
    form.hidden = true;
    form.noValidate = true;
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "url";
    input.className = "input";
    input.autocomplete = "off";
    label.append(_("Link to (web or mail address)"), input);
    const error = document.createElement("p");
    error.className = "error";
    error.setAttribute("role", "alert");
    const add = document.createElement("button");
    add.className = "button button--small";
    add.textContent = _("Add link");
    const cancel = document.createElement("button");
    cancel.type = "button";
    cancel.className = "button button--secondary button--small";
    cancel.textContent = _("Cancel");
    form.append(label, add, cancel, error);
    const close = () => {
      form.hidden = true;
      this.view()?.focus();
    };
    cancel.addEventListener("click", close);
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      // It closes this form, and not all that is being written.
      event.preventDefault();
      close();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const to = address(input.value);
      const view = this.view();
      error.textContent = to ? "" : _("Enter an address that begins with https:// or a mail address.");
      if (!to || !view) return;
      addLink(view, to);
      close();
    });
    return form;
  }

  #openLink() {
    this.link.hidden = false;
    const input = this.link.querySelector("input");
    const error = this.link.querySelector(".error");
    if (error) error.textContent = "";
    if (!input) return;
    input.value = "";
    input.focus();
  }
}
