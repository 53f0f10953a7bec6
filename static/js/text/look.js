/**
 * How Markdown looks while one writes it: marks are shown on the current line only, bullets as bullets, and heading
 * lines are headings to a screen reader.
 */
import { Decoration, EditorView, ViewPlugin, WidgetType, syntaxTree } from "../../vendor/codemirror.js";

/** @typedef {import("@codemirror/view").EditorView} View */
/** @typedef {import("@codemirror/state").Range<import("@codemirror/view").Decoration>} Deco */
/** @typedef {import("@codemirror/language").Language["parser"]} Parser */
/** @typedef {ReturnType<typeof syntaxTree>["topNode"]} Node */

class Bullet extends WidgetType {
  /** @override */
  eq() {
    return true;
  }

  /** @override */
  toDOM() {
    const dot = document.createElement("span");
    dot.className = "cm-bullet";
    dot.textContent = "•";
    return dot;
  }
}

const hidden = Decoration.replace({});
const bullet = Decoration.replace({ widget: new Bullet() });
const strong = Decoration.mark({ class: "cm-strong" });
const emphasis = Decoration.mark({ class: "cm-em" });
const link = Decoration.mark({ class: "cm-link" });
const mark = Decoration.mark({ class: "cm-mark" });
const quote = Decoration.line({ class: "cm-quote" });
const item = Decoration.line({ class: "cm-item" });
// Within an item the page's own headings take the levels above.
const headings = [3, 4].map((level, at) => Decoration.line({
  class: `cm-heading cm-heading-${at + 1}`, attributes: { role: "heading", "aria-level": String(level) },
}));

/**
 * @param {View} view
 * @returns {Set<number>} the numbers of the lines one is on
 */
function currentLines(view) {
  const { doc, selection } = view.state;
  /** @type {Set<number>} */
  const lines = new Set();
  if (!view.hasFocus || view.state.readOnly) return lines;
  for (const range of selection.ranges) {
    const last = doc.lineAt(range.to).number;
    for (let number = doc.lineAt(range.from).number; number <= last; number++) lines.add(number);
  }
  return lines;
}

/**
 * Where a mark ends, with the space that belongs to it.
 * @param {View} view
 * @param {Node} node
 */
function withSpace(view, node) {
  return view.state.sliceDoc(node.to, node.to + 1) === " " ? node.to + 1 : node.to;
}

/**
 * @param {View} view
 * @param {Node} node
 * @param {boolean} current
 * @param {Deco[]} out
 */
function dress(view, node, current, out) {
  const { doc } = view.state;
  /** @param {number} from @param {number} to */
  const hide = (from, to) => {
    if (to > from) out.push((current ? mark : hidden).range(from, to));
  };
  const heading = /^ATXHeading(\d)$/.exec(node.name);
  if (heading) {
    const style = headings[heading[1] === "1" ? 0 : 1];
    if (style) out.push(style.range(doc.lineAt(node.from).from));
    return;
  }
  switch (node.name) {
    case "HeaderMark": return hide(node.from, withSpace(view, node));
    case "QuoteMark": return hide(node.from, withSpace(view, node));
    case "EmphasisMark": return hide(node.from, node.to);
    case "StrongEmphasis": return void out.push(strong.range(node.from, node.to));
    case "Emphasis": return void out.push(emphasis.range(node.from, node.to));
    case "Escape": return hide(node.from, node.from + 1);
    case "ListMark": {
      out.push(item.range(doc.lineAt(node.from).from));
      if (!current && /^[-+*]$/.test(doc.sliceString(node.from, node.to))) out.push(bullet.range(node.from, node.to));
      return;
    }
    case "Blockquote": {
      const last = doc.lineAt(node.to).number;
      for (let number = doc.lineAt(node.from).number; number <= last; number++) out.push(quote.range(doc.line(number).from));
      return;
    }
    case "Link": {
      const marks = node.getChildren("LinkMark");
      const [first, second] = marks;
      if (!first || !second || !node.getChild("URL")) return;
      out.push(link.range(first.to, second.from));
      hide(first.from, first.to);
      if (doc.lineAt(second.from).number === doc.lineAt(node.to).number) hide(second.from, node.to);
    }
  }
}

/** @param {View} view */
function decorate(view) {
  const lines = currentLines(view);
  const { doc } = view.state;
  /** @type {Deco[]} */
  const out = [];
  for (const { from, to } of view.visibleRanges) {
    syntaxTree(view.state).iterate({
      from, to,
      enter: (at) => dress(view, at.node, lines.has(doc.lineAt(at.from).number), out),
    });
  }
  return Decoration.set(out.filter((each) => each.to > each.from || each.value.spec.class), true);
}

/** @returns {import("@codemirror/state").Extension} */
export function look() {
  return [
    ViewPlugin.fromClass(
      class {
        /** @param {View} view */
        constructor(view) {
          this.decorations = decorate(view);
        }

        /** @param {import("@codemirror/view").ViewUpdate} update */
        update(update) {
          const parsed = syntaxTree(update.startState) !== syntaxTree(update.state);
          if (update.docChanged || update.viewportChanged || update.selectionSet || update.focusChanged || parsed) {
            this.decorations = decorate(update.view);
          }
        }
      },
      { decorations: (plugin) => plugin.decorations },
    ),
    EditorView.lineWrapping,
  ];
}
