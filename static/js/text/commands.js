/** What the toolbar does to the Markdown under the selection. Every command returns whether it did something. */
import { EditorSelection, syntaxTree } from "../../vendor/codemirror.js";

/** @typedef {import("@codemirror/view").EditorView} View */
/** @typedef {import("@codemirror/state").EditorState} State */
/** @typedef {"heading" | "bullets" | "numbers" | "quote"} LineKind */

const PREFIX = /^(\s*)(#{1,6} +|[-*+] +|\d{1,9}[.)] +|> ?)?/;
/** @type {Record<LineKind, RegExp>} */
const KINDS = { heading: /^#{1,6} /, bullets: /^[-*+] /, numbers: /^\d{1,9}[.)] /, quote: /^>/ };
const INLINE = { bold: ["StrongEmphasis", "**"], italic: ["Emphasis", "*"] };

/**
 * @param {State} state
 * @param {string} name
 * @param {number} from
 * @param {number} to
 */
function enclosing(state, name, from, to) {
  for (const side of /** @type {const} */ ([1, -1])) {
    let node = syntaxTree(state).resolveInner(from, side);
    for (;;) {
      if (node.name === name && node.from <= from && node.to >= to) return node;
      if (!node.parent) break;
      node = node.parent;
    }
  }
  return null;
}

/**
 * @param {State} state
 * @param {"bold" | "italic"} kind
 * @returns {boolean} whether the selection stands in bold (or italic) words
 */
export function isInline(state, kind) {
  const { from, to } = state.selection.main;
  return enclosing(state, INLINE[kind][0] ?? "", from, to) !== null;
}

/**
 * @param {State} state
 * @param {LineKind} kind
 */
export function isLine(state, kind) {
  return KINDS[kind].test(state.doc.lineAt(state.selection.main.head).text.trimStart());
}

/**
 * Makes the selected words, or the word at the cursor, bold or italic; or plain again.
 * @param {"bold" | "italic"} kind
 * @returns {(view: View) => boolean}
 */
export function inline(kind) {
  const [name, marks] = /** @type {[string, string]} */ (INLINE[kind]);
  return (view) => {
    const { state } = view;
    if (state.readOnly) return false;
    const { main } = state.selection;
    const around = enclosing(state, name, main.from, main.to);
    if (around) {
      const changes = around.getChildren("EmphasisMark").map(({ from, to }) => ({ from, to }));
      view.dispatch({ changes, userEvent: "input.format", scrollIntoView: true });
      return true;
    }
    const { from, to } = main.empty ? (state.wordAt(main.head) ?? main) : main;
    if (from === to) {
      view.dispatch({
        changes: { from, insert: marks + marks },
        selection: EditorSelection.cursor(from + marks.length), userEvent: "input.format",
      });
      return true;
    }
    view.dispatch({ changes: wrapped(state, from, to, marks), userEvent: "input.format", scrollIntoView: true });
    return true;
  };
}

/**
 * Marks around the words of each line, since bold does not reach over list items.
 * @param {State} state
 * @param {number} from
 * @param {number} to
 * @param {string} marks
 */
function wrapped(state, from, to, marks) {
  const changes = [];
  for (let at = from; at <= to;) {
    const line = state.doc.lineAt(at);
    const prefix = line.from + (PREFIX.exec(line.text)?.[0].length ?? 0);
    const begin = Math.max(at, prefix);
    const words = state.sliceDoc(begin, Math.min(to, line.to));
    const left = begin + words.length - words.trimStart().length;
    const right = begin + words.trimEnd().length;
    if (right > left) changes.push({ from: left, insert: marks }, { from: right, insert: marks });
    at = line.to + 1;
  }
  return changes;
}

/**
 * Makes the selected lines headings, list items or a quote; or plain again. A heading becomes a lesser one first.
 * @param {LineKind} kind
 * @returns {(view: View) => boolean}
 */
export function lines(kind) {
  return (view) => {
    const { state } = view;
    if (state.readOnly) return false;
    const { from, to } = state.selection.main;
    const chosen = [];
    for (let at = from; at <= to;) {
      const line = state.doc.lineAt(at);
      if (line.text.trim() || from === to) chosen.push(line);
      at = line.to + 1;
    }
    const all = chosen.every((line) => KINDS[kind].test(line.text.trimStart()));
    const changes = chosen.map((line, index) => {
      const [whole, indent = ""] = PREFIX.exec(line.text) ?? [""];
      const insert = (kind === "heading" || kind === "quote" ? "" : indent) + prefix(kind, all, whole.trim(), index);
      return { from: line.from, to: line.from + whole.length, insert };
    });
    const set = state.changes(changes);
    view.dispatch({
      changes: set, selection: state.selection.map(set, 1), userEvent: "input.format", scrollIntoView: true,
    });
    return true;
  };
}

/**
 * @param {LineKind} kind
 * @param {boolean} all whether every line is of that kind already
 * @param {string} now
 * @param {number} index
 */
function prefix(kind, all, now, index) {
  if (kind === "heading") return !all ? "# " : now === "#" ? "## " : "";
  if (all) return "";
  if (kind === "numbers") return `${index + 1}. `;
  return kind === "bullets" ? "- " : "> ";
}

/**
 * Moves list items one step in (or out): two spaces.
 * @param {boolean} inwards
 * @returns {(view: View) => boolean}
 */
export function indent(inwards) {
  return (view) => {
    const { state } = view;
    if (state.readOnly) return false;
    const { from, to } = state.selection.main;
    const changes = [];
    for (let at = from; at <= to;) {
      const line = state.doc.lineAt(at);
      if (inwards) changes.push({ from: line.from, insert: "  " });
      else if (line.text.startsWith("  ")) changes.push({ from: line.from, to: line.from + 2 });
      at = line.to + 1;
    }
    if (changes.length) view.dispatch({ changes, userEvent: "input.indent" });
    return true;
  };
}

/**
 * An address people may link to, or null: http, https and mailto only.
 * @param {string} typed
 * @returns {string | null}
 */
export function address(typed) {
  const text = typed.trim();
  const whole = /^www\./i.test(text) ? `https://${text}` : /^[^\s@:/]+@[^\s@]+$/.test(text) ? `mailto:${text}` : text;
  if (!/^(?:https?:\/\/[^\s/?#@\\]+(?:[/?#][^\s\\]*)?|mailto:[^\s@\\:]+@[^\s@\\]+)$/i.test(whole)) return null;
  return whole.replace(/[()<>]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * @param {View} view
 * @param {string} to an address that `address` let pass
 */
export function addLink(view, to) {
  const { state } = view;
  const { main } = state.selection;
  const { from, to: end } = main.empty ? (state.wordAt(main.head) ?? main) : main;
  const words = state.sliceDoc(from, end).replace(/\s+/g, " ").replace(/[[\]]/g, "\\$&") || to.replace(/^mailto:/, "");
  const insert = `[${words}](${to})`;
  view.dispatch({
    changes: { from, to: end, insert }, selection: EditorSelection.cursor(from + insert.length), userEvent: "input.format",
  });
}
