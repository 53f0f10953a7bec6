/**
 * Marked words go into the comment form: a button stands beside what one has marked in `[data-quoted="text|why|…"]`, and
 * takes it, with its place among the same words, into the form inside `[data-module="quoting"]`.
 */

/** Letters and digits, which a page and its text agree in (see app/calc/anchors.py). @param {string} words */
function letters(words) {
  return words.replace(/[^\p{L}\p{N}]/gu, "");
}

class Quoting {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.form = /** @type {HTMLFormElement} */ (root.querySelector("form"));
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.className = "button button--small quoting";
    this.button.textContent = root.dataset.quoting ?? "";
    this.button.hidden = true;
    document.body.append(this.button);
  }

  start() {
    document.addEventListener("selectionchange", () => this.#moved());
    this.button.addEventListener("mousedown", (event) => event.preventDefault());
    this.button.addEventListener("click", () => this.#take());
    // Words changed by hand are looked for anew.
    this.form.addEventListener("input", ({ target }) => {
      if (target instanceof HTMLTextAreaElement && target.name === "quote") this.#set("occurrence", "");
    });
  }

  /** @returns {{range: Range, within: HTMLElement, words: string} | null} */
  #marked() {
    const selection = document.getSelection();
    if (!selection || selection.isCollapsed || !selection.rangeCount) return null;
    const range = selection.getRangeAt(0);
    const around = range.commonAncestorContainer;
    const within = (around instanceof Element ? around : around.parentElement)?.closest("[data-quoted]");
    const words = shown(range);
    return within instanceof HTMLElement && letters(words) ? { range, within, words } : null;
  }

  #moved() {
    const marked = this.#marked();
    this.button.hidden = !marked;
    if (!marked) return;
    const { bottom, left, right } = marked.range.getBoundingClientRect();
    const width = this.button.offsetWidth;
    const wanted = Math.min(Math.max(8, (left + right - width) / 2), document.documentElement.clientWidth - width - 8);
    this.button.style.setProperty("left", `${wanted + window.scrollX}px`);
    this.button.style.setProperty("top", `${bottom + window.scrollY + 8}px`);
  }

  #take() {
    const marked = this.#marked();
    const details = this.root.querySelector("details");
    if (!marked || !details) return;
    const before = document.createRange();
    before.setStart(marked.within, 0);
    before.setEnd(marked.range.startContainer, marked.range.startOffset);
    const wanted = letters(marked.words);
    this.#set("field", marked.within.dataset.quoted ?? "text");
    this.#set("quote", marked.words.trim());
    this.#set("occurrence", String(letters(shown(before)).split(wanted).length - 1));
    details.open = true;
    document.getSelection()?.removeAllRanges();
    const words = this.form.elements.namedItem("words");
    if (words instanceof HTMLElement) words.focus();
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #set(name, value) {
    const field = this.form.elements.namedItem(name);
    if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) field.value = value;
  }
}

/** The words of a range, without the numbers of comments in them and the hosts of links. @param {Range} range */
function shown(range) {
  const copy = range.cloneContents();
  for (const extra of copy.querySelectorAll(".commented__note, .link-host")) extra.remove();
  return copy.textContent ?? "";
}

/** @param {HTMLElement} element */
export function mount(element) {
  new Quoting(element).start();
}
