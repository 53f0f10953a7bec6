/**
 * Words typed over others go behind them: what is marked is taken out, and then the new words are put in where it ended.
 *
 * As one replacement, which is what the browser makes of it, they would go before them. Whatever somebody else writes at
 * or in the marked words meanwhile would then come between the first letter and the next, and tear the new words apart.
 */
import { EditorView, Transaction } from "../../vendor/codemirror.js";

/** @returns {import("@codemirror/state").Extension} */
export function typing() {
  return EditorView.inputHandler.of((view, from, to, text, insert) => {
    // An input method replaces what it has composed again and again, and counts on its own change.
    if (from === to || !text || view.composing) return false;
    const made = insert();
    const userEvent = made.annotation(Transaction.userEvent) ?? "input.type";
    view.dispatch({
      changes: [{ from, to }, { from: to, insert: view.state.toText(text) }],
      selection: made.newSelection, scrollIntoView: made.scrollIntoView, userEvent,
    });
    return true;
  });
}
