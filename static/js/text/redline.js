/**
 * A suggestion as it is written: what would be put in is underlined, what would go stays and is struck through. It is
 * the change from the confirmed text to the editor's, kept up to date key by key.
 */
import { ChangeSet, Decoration, ViewPlugin, WidgetType, sendableUpdates } from "../../vendor/codemirror.js";
import { _ } from "../words.js";

/** @typedef {import("@codemirror/state").EditorState} State */
/** @typedef {import("@codemirror/state").Text} Text */
/** @typedef {import("@codemirror/view").EditorView} EditorView */

class Removed extends WidgetType {
  /** @param {string} words */
  constructor(words) {
    super();
    this.words = words;
  }

  /** @override @param {Removed} other */
  eq(other) {
    return other.words === this.words;
  }

  /** @override */
  toDOM() {
    const gone = document.createElement("del");
    gone.className = "cm-removed";
    const said = document.createElement("span");
    said.className = "visually-hidden";
    said.textContent = `[${_("removed")}: `;
    const end = said.cloneNode();
    end.textContent = "]";
    gone.append(said, this.words.replace(/\n/g, "¶ "), end);
    return gone;
  }

  /** @override */
  ignoreEvent() {
    return false;
  }
}

const ADDED = Decoration.mark({ tagName: "ins", class: "cm-added" });

/**
 * @param {Text} base
 * @param {ChangeSet} change
 */
function marks(base, change) {
  /** @type {import("@codemirror/state").Range<Decoration>[]} */
  const out = [];
  change.iterChanges((fromA, toA, fromB, toB) => {
    if (toA > fromA) out.push(Decoration.widget({ widget: new Removed(base.sliceString(fromA, toA)), side: -1 }).range(fromB));
    if (toB > fromB) out.push(ADDED.range(fromB, toB));
  });
  return Decoration.set(out, true);
}

/**
 * Shows what is suggested in an editor that began as the confirmed text, with nothing suggested.
 * @param {() => Text} confirmed the confirmed text as it is now
 * @returns {import("@codemirror/state").Extension}
 */
export function redline(confirmed) {
  return ViewPlugin.define((view) => new Redline(view, confirmed), { decorations: (self) => self.decorations });
}

class Redline {
  /**
   * @param {EditorView} view
   * @param {() => Text} confirmed
   */
  constructor(view, confirmed) {
    this.confirmed = confirmed;
    this.base = confirmed();
    this.change = suggested(view.state, this.base.length);
    this.decorations = marks(this.base, this.change);
  }

  /** @param {import("@codemirror/view").ViewUpdate} update */
  update(update) {
    if (!update.docChanged && this.confirmed() === this.base) return;
    if (this.confirmed() !== this.base) {
      // What others wrote lies beneath, or words from before the text was closed have arrived: all that is suggested
      // stands on that text now.
      this.base = this.confirmed();
      this.change = suggested(update.state, this.base.length);
    } else {
      this.change = this.change.compose(update.changes);
    }
    this.decorations = marks(this.base, this.change);
  }
}

/**
 * @param {State} state
 * @param {number} length of the confirmed text
 */
function suggested(state, length) {
  return sendableUpdates(state).reduce((one, { changes }) => one.compose(changes), ChangeSet.empty(length));
}
