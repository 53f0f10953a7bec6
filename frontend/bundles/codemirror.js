// The editor: what static/js/text and static/js/modules/editor.js use of CodeMirror, and no more.
export {
  ChangeSet, Compartment, EditorSelection, EditorState, Prec, StateEffect, StateField, Text, Transaction,
} from "@codemirror/state";
export { Decoration, EditorView, ViewPlugin, WidgetType, drawSelection, keymap } from "@codemirror/view";
export { collab, getSyncedVersion, receiveUpdates, sendableUpdates } from "@codemirror/collab";
export { history, historyKeymap, redo, redoDepth, standardKeymap, undo, undoDepth } from "@codemirror/commands";
export { syntaxTree } from "@codemirror/language";
export { deleteMarkupBackward, insertNewlineContinueMarkup, markdown } from "@codemirror/lang-markdown";
export { parser as markdownParser } from "@lezer/markdown";
