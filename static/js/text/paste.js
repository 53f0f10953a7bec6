/**
 * Pasted and dropped words become Markdown of our dialect. Formatted text (Word, web pages) goes through turndown, which
 * is fetched at the first such paste; everything else is taken as it is.
 */
import { EditorView } from "../../vendor/codemirror.js";
import { clean } from "./sync.js";

/** @typedef {import("@codemirror/view").EditorView} View */

const FORMATTED = /<(?:b|strong|i|em|h[1-6]|ul|ol|li|a|blockquote|table)[\s>]|mso-list|font-weight:\s*(?:bold|[67]00)/i;

/**
 * Word writes lists as paragraphs with a class and a drawn bullet.
 * @param {Document} page
 */
function wordLists(page) {
  for (const paragraph of page.querySelectorAll("p")) {
    const about = `${paragraph.className} ${paragraph.getAttribute("data-style") ?? ""}`;
    const level = /mso-list:[^;"]*level(\d+)/i.exec(about);
    if (!level) continue;
    /** @type {Element[]} */
    const drawn = [...paragraph.querySelectorAll("span")].filter((span) => /mso-list:\s*ignore/i.test(span.getAttribute("data-style") ?? ""));
    const sign = drawn.map((span) => span.textContent ?? "").join("").trim();
    for (const span of drawn) span.remove();
    const item = page.createElement("p");
    item.setAttribute("data-item", `${"  ".repeat(Math.min(Number(level[1]), 9) - 1)}${/^\w+[.)]/.test(sign) ? "1." : "-"} `);
    item.append(...paragraph.childNodes);
    paragraph.replaceWith(item);
  }
}

/** @param {Document} page */
function styledSpans(page) {
  for (const span of page.querySelectorAll("span[data-style], b[data-style]")) {
    const style = span.getAttribute("data-style") ?? "";
    if (span.tagName === "B" && /font-weight:\s*normal/i.test(style)) span.replaceWith(...span.childNodes);
    else if (span.tagName === "SPAN" && /font-weight:\s*(?:bold|[67]00)/i.test(style)) {
      const bold = page.createElement("strong");
      bold.append(...span.childNodes);
      span.replaceWith(bold);
    }
  }
}

/**
 * @param {string} html
 * @returns {Promise<string>} Markdown of our dialect
 */
export async function toMarkdown(html) {
  const { TurndownService } = await import("../../vendor/turndown.js");
  // A document of its own: nothing in it runs or loads.
  const page = new DOMParser().parseFromString(inert(html), "text/html");
  for (const useless of page.querySelectorAll("script, style, meta, link, title, img, svg, object, iframe, form")) useless.remove();
  wordLists(page);
  styledSpans(page);
  const service = new TurndownService({ headingStyle: "atx", bulletListMarker: "-", emDelimiter: "*", strongDelimiter: "**", br: "" });
  service.addRule("headings", {
    filter: ["h1", "h2", "h3", "h4", "h5", "h6"],
    replacement: (words, node) => `\n\n${node.nodeName === "H1" ? "#" : "##"} ${words.replace(/\s+/g, " ").trim()}\n\n`,
  });
  service.addRule("items", {
    filter: "li",
    replacement: (words, node) => {
      const list = node.parentElement;
      const place = list?.nodeName === "OL" ? [...list.children].indexOf(node) + Number(list.getAttribute("start") ?? 1) : 0;
      const sign = place ? `${place}. ` : "- ";
      const inside = words.trim().replace(/\n+/g, `\n${" ".repeat(sign.length)}`);
      return `${sign}${inside}${node.nextElementSibling ? "\n" : ""}`;
    },
  });
  service.addRule("wordItems", {
    filter: (node) => node.hasAttribute("data-item"),
    replacement: (words, node) => `\n${node.getAttribute("data-item")}${words.replace(/\s+/g, " ").trim()}\n`,
  });
  service.addRule("links", {
    filter: (node) => node.nodeName === "A",
    replacement: (words, node) => {
      const to = node.getAttribute("href") ?? "";
      return words.trim() && /^(?:https?:\/\/|mailto:)[^\s()\\]+$/i.test(to) ? `[${words.replace(/\s+/g, " ").trim()}](${to})` : words;
    },
  });
  service.addRule("cells", { filter: ["td", "th"], replacement: (words) => `${words.replace(/\s+/g, " ").trim()} ` });
  service.addRule("rows", { filter: "tr", replacement: (words) => `${words.trim()}\n` });
  service.addRule("code", { filter: ["code", "pre"], replacement: (words) => words });
  return clean(service.turndown(page.body)).replace(/\u00a0/g, " ").replace(/\n{3,}/g, "\n\n").trim();
}

/**
 * What is inert in the page is not even read as markup that could act: the parser would report it to the console.
 * @param {string} html
 */
function inert(html) {
  return html
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/\sstyle\s*=/gi, " data-style=").replace(/\son[a-z]+\s*=/gi, " data-on="));
}

/**
 * @param {View} view
 * @param {string} words
 */
function insert(view, words) {
  if (!words) return;
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

/** @returns {import("@codemirror/state").Extension} */
export function paste() {
  return EditorView.domEventHandlers({
    paste(event, view) {
      const data = event.clipboardData;
      const html = data?.getData("text/html") ?? "";
      if (!data || view.state.readOnly || !FORMATTED.test(html)) return false;
      event.preventDefault();
      const plain = data.getData("text/plain");
      toMarkdown(html).then(
        (words) => insert(view, words || clean(plain)),
        () => insert(view, clean(plain)),
      );
      return true;
    },
  });
}
