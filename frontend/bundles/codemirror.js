// The editor: everything that static/js/text and static/js/modules/editor.js use of CodeMirror.
export {
  Annotation, ChangeDesc, ChangeSet, Compartment, EditorSelection, EditorState, Facet, Prec, RangeSetBuilder, StateEffect,
  StateField, Text, Transaction,
} from "@codemirror/state";
export {
  Decoration, EditorView, ViewPlugin, WidgetType, drawSelection, keymap, placeholder,
} from "@codemirror/view";
export { collab, getClientID, getSyncedVersion, receiveUpdates, sendableUpdates } from "@codemirror/collab";
export { history, historyKeymap, isolateHistory, redo, redoDepth, standardKeymap, undo, undoDepth } from "@codemirror/commands";
export { HighlightStyle, ensureSyntaxTree, syntaxHighlighting, syntaxTree } from "@codemirror/language";
export { deleteMarkupBackward, insertNewlineContinueMarkup, markdown } from "@codemirror/lang-markdown";
export { tags } from "@lezer/highlight";
export { parser as markdownParser } from "@lezer/markdown";
