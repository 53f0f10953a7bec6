/**
 * The words scripts show, in the page's language: a page may carry `<script type="application/json" id="words">` with
 * an object from English to that language; without one they are English.
 */

/** @type {Record<string, string> | null} */
let catalogue = null;

/**
 * @param {string} english
 * @param {Record<string, string | number>} [values] what stands in place of {name}
 * @returns {string}
 */
export function _(english, values = {}) {
  catalogue ??= JSON.parse(document.getElementById("words")?.textContent || "{}");
  const words = catalogue?.[english] ?? english;
  return words.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
