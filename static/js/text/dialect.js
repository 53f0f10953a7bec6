/**
 * The Markdown of our texts as the editor reads it. What the toolbar does not offer is words like any other; the page's
 * own renderer follows the same parser, and a test holds the two together.
 */
import { deleteMarkupBackward, insertNewlineContinueMarkup, keymap, markdown } from "../../vendor/codemirror.js";

export const REMOVED = [
  "LinkReference", "IndentedCode", "FencedCode", "HorizontalRule", "HTMLBlock", "SetextHeading",
  "Entity", "InlineCode", "HTMLTag", "HardBreak", "Image",
];

/** @returns {import("@codemirror/state").Extension} */
export function dialect() {
  return [
    markdown({ extensions: { remove: REMOVED }, completeHTMLTags: false, addKeymap: false, pasteURLAsLink: true }),
    keymap.of([
      { key: "Enter", run: insertNewlineContinueMarkup },
      { key: "Backspace", run: deleteMarkupBackward },
    ]),
  ];
}
