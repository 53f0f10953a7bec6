/** Words that somebody has commented on, marked in the editor; they go along with every change. */
import { Decoration, EditorView, StateEffect, StateField } from "../../vendor/codemirror.js";
import { _ } from "../words.js";

/** @typedef {{from: number, to: number}} Place */

/** @type {import("@codemirror/state").StateEffectType<Place[]>} */
const show = StateEffect.define();

const field = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    let now = transaction.docChanged ? marks.map(transaction.changes) : marks;
    for (const effect of transaction.effects) {
      if (!effect.is(show)) continue;
      const length = transaction.newDoc.length;
      const mark = Decoration.mark({ class: "cm-commented", attributes: { title: _("Somebody has commented on these words") } });
      now = Decoration.set(
        effect.value.filter(({ from, to }) => from < to && to <= length).map(({ from, to }) => mark.range(from, to)), true,
      );
    }
    return now;
  },
  provide: (self) => EditorView.decorations.from(self),
});

/** @returns {import("@codemirror/state").Extension} */
export function commented() {
  return field;
}

/**
 * @param {EditorView} view
 * @param {Place[]} places
 */
export function markCommented(view, places) {
  view.dispatch({ effects: show.of(places) });
}
