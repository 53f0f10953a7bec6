/**
 * Pasted and dropped words become Markdown of our dialect. Formatted text (Word, web pages) goes through html.js and
 * turndown; everything else is taken as it is.
 */
import { EditorView } from "../../vendor/codemirror.js";
import { clean } from "./sync.js";

/** @typedef {import("@codemirror/view").EditorView} View */

const FORMATTED = /<(?:b|strong|i|em|h[1-6]|ul|ol|li|a|blockquote|table)[\s>]|mso-list|font-weight:\s*(?:bold|[67]00)/i;

/**
 * Puts pasted words where the cursor is.
 * @param {View} view
 * @param {string} words
 */
export function insert(view, words) {
  const { state } = view;
  const { to } = state.selection.main;
  let { from } = state.selection.main;
  let whole = words;
  const block = /^(?:#{1,2} |> |\s*- |\s*\d+[.)] )/.test(words);
  const before = state.sliceDoc(state.doc.lineAt(from).from, from);
  if (block && /^\s*(?:[-*+]|\d{1,9}[.)]) $/.test(before)) from -= before.length;
  else if (block && before) whole = `\n${words}`;
  if (words.includes("\n") && state.sliceDoc(to, state.doc.lineAt(to).to)) whole += "\n";
  view.dispatch({
    changes: { from, to, insert: state.toText(whole) }, selection: { anchor: from + whole.length },
    userEvent: "input.paste", scrollIntoView: true,
  });
}

/**
 * @param {(words: Promise<string>) => void} take what was pasted and is being read: by then the text may take no words any more
 * @returns {import("@codemirror/state").Extension}
 */
export function paste(take) {
  // Fetched while one begins to read, so that nothing that is pressed next overtakes a paste; at the paste it is tried again.
  import("./html.js").catch(() => {});
  return EditorView.domEventHandlers({
    paste(event, view) {
      const data = event.clipboardData;
      const html = data?.getData("text/html") ?? "";
      if (!data || view.state.readOnly || !FORMATTED.test(html)) return false;
      event.preventDefault();
      const plain = data.getData("text/plain");
      take(import("./html.js").then(({ toMarkdown }) => toMarkdown(html)).then((words) => words || clean(plain), () => clean(plain)));
      return true;
    },
  });
}
