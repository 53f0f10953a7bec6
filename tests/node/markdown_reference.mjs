// What the editor's own parser, configured as in the page, shows of a Markdown text, as a neutral structure.
//
// Reads a JSON list of texts from standard input, writes a JSON list of structures to standard output.
// Blocks: ["h1" | "h2" | "p" | "quote" | "ul" | "li", ...], ["ol", first number, ...]; inlines: strings, ["br"],
// ["em" | "strong", ...], ["a", address, ...]. tests/unit/test_markup.py compares them with what a page shows.
import { readFileSync } from "node:fs";
import { REMOVED } from "../../static/js/text/dialect.js";
import { markdownParser } from "../../static/vendor/codemirror.js";

const parser = markdownParser.configure({ remove: REMOVED });

const HIDDEN = new Set(["HeaderMark", "QuoteMark", "ListMark", "EmphasisMark", "LinkMark", "URL", "LinkTitle"]);
const SAFE = /^(?:https?:\/\/[^\s/?#@\\]+(?:[/?#][^\s\\]*)?|mailto:[^\s@\\:]+@[^\s@\\]+)$/i;

function children(node) {
  const found = [];
  for (let child = node.firstChild; child; child = child.nextSibling) found.push(child);
  return found;
}

function words(text) {
  return text.split("\n").flatMap((line, at) => (at ? [["br"], line] : [line]));
}

function address(text, node) {
  let url = text.slice(node.from, node.to);
  if (url.startsWith("<")) url = url.slice(1, -1);
  return url.replace(/\\([!-/:-@[-`{-~])/g, "$1");
}

function link(text, node) {
  const url = children(node).find((child) => child.name === "URL");
  if (!url) return inlines(text, node, node.from, node.to, new Set(["QuoteMark"]));
  const marks = children(node).filter((child) => child.name === "LinkMark");
  const inside = inlines(text, node, marks[0].to, marks[1].from, HIDDEN);
  const to = address(text, url);
  return SAFE.test(to) ? [["a", to, ...inside]] : inside;
}

function inlines(text, node, from, to, hidden) {
  const out = [];
  let at = from;
  for (const child of children(node)) {
    if (child.from < from || child.to > to) continue;
    out.push(...words(text.slice(at, child.from)));
    at = child.to;
    if (child.name === "Emphasis") out.push(["em", ...inlines(text, child, child.from, child.to, HIDDEN)]);
    else if (child.name === "StrongEmphasis") out.push(["strong", ...inlines(text, child, child.from, child.to, HIDDEN)]);
    else if (child.name === "Link") out.push(...link(text, child));
    else if (child.name === "Escape") out.push(text.slice(child.from + 1, child.to));
    else if (!hidden.has(child.name)) out.push(...words(text.slice(child.from, child.to)));
  }
  out.push(...words(text.slice(at, to)));
  return out;
}

function blocks(text, node) {
  return children(node).filter((child) => !HIDDEN.has(child.name)).map((child) => block(text, child));
}

function block(text, node) {
  const heading = /^ATXHeading(\d)$/.exec(node.name);
  if (heading) return [Number(heading[1]) === 1 ? "h1" : "h2", ...inlines(text, node, node.from, node.to, HIDDEN)];
  switch (node.name) {
    case "Paragraph": return ["p", ...inlines(text, node, node.from, node.to, HIDDEN)];
    case "Blockquote": return ["quote", ...blocks(text, node)];
    case "BulletList": return ["ul", ...blocks(text, node)];
    case "OrderedList": return ["ol", parseInt(text.slice(node.from, node.to).trim(), 10), ...blocks(text, node)];
    case "ListItem": return ["li", ...blocks(text, node)];
    default: throw new Error(`unexpected block ${node.name}`);
  }
}

const texts = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map((text) => blocks(text, parser.parse(text).topNode))));
