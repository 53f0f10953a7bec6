/** Formatted text as Markdown of our dialect; fetched, with turndown, when an editor is opened. */
import { TurndownService } from "../../vendor/turndown.js";
import { clean } from "./sync.js";

/**
 * What is inert in the page is not even read as markup that could act: the parser would report it to the console.
 * @param {string} html
 */
function inert(html) {
  return html
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/<style[\s>][\s\S]*?<\/style\s*>/gi, "")
    .replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/\sstyle\s*=/gi, " data-style=").replace(/\son[a-z]+\s*=/gi, " data-on="));
}

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
    // Word writes "mso-bidi-font-weight: normal" on what is bold.
    if (span.tagName === "B" && /(?:^|;)\s*font-weight:\s*normal/i.test(style)) span.replaceWith(...span.childNodes);
    else if (span.tagName === "SPAN" && /(?:^|;)\s*font-weight:\s*(?:bold|[67]00)/i.test(style)) {
      const bold = page.createElement("strong");
      bold.append(...span.childNodes);
      span.replaceWith(bold);
    }
  }
}

/**
 * @param {string} html
 * @returns {string} Markdown of our dialect
 */
export function toMarkdown(html) {
  // A document of its own: nothing in it runs or loads.
  const page = new DOMParser().parseFromString(inert(html), "text/html");
  // What tracked changes have struck out is not part of the words any more.
  const useless = "script, style, meta, link, title, img, svg, object, iframe, form, del, .msoDel";
  for (const each of page.querySelectorAll(useless)) each.remove();
  wordLists(page);
  styledSpans(page);
  const service = new TurndownService({ headingStyle: "atx", bulletListMarker: "-", emDelimiter: "*", strongDelimiter: "**", br: "" });
  // Square brackets make a link only before a round one, and "_" within a word means nothing: no backslash for them.
  const careful = service.escape.bind(service);
  service.escape = (words) => {
    const escaped = careful(words).replace(/(\w)\\_(?=\w)/g, "$1_");
    return /[[\]]\(/.test(words) ? escaped : escaped.replace(/\\([[\]])/g, "$1");
  };
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
