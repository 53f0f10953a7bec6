/**
 * Shows what this device has kept under names that begin with `data-leftover` and was not sent: the words, to be copied,
 * and how many scores, as it stands by now. It stays until somebody lets go of what they read. Stays hidden where nothing is left; what is only true then
 * carries `data-leftover-none`.
 */
import { device } from "./unsent.js";

/** @param {HTMLElement} element with an empty list to be filled */
export function mount(element) {
  const { leftover: begin } = element.dataset;
  const list = element.querySelector("ul");
  const told = element.querySelector("[data-leftover-scores]");
  if (!begin || !list || !(told instanceof HTMLElement)) throw new Error("data-leftover says what may be left, and a list shows it");
  const copy = element.querySelector("[data-module~=copy]");
  /** @type {Record<string, string>} */
  let shown = {};
  const draw = () => {
    shown = Object.fromEntries(Object.entries(device() ?? {}).filter(([key]) => key.startsWith(begin)));
    const fields = Object.values(shown).flatMap(read);
    const scores = fields.filter(([name]) => name.startsWith("score-")).length;
    const words = fields.filter(([name]) => WRITTEN.includes(name)).map(([, , text]) => text.trim()).filter(Boolean);
    list.replaceChildren(...words.map(lineOf));
    told.textContent = ((scores === 1 ? told.dataset.one : told.dataset.many) ?? "").replace("{count}", String(scores));
    told.toggleAttribute("hidden", !scores);
    copy?.toggleAttribute("hidden", !words.length);
    const isAny = scores + words.length > 0;
    element.toggleAttribute("hidden", !isAny);
    for (const each of document.querySelectorAll("[data-leftover-none]")) each.toggleAttribute("hidden", isAny);
  };
  draw();
  // Written on, or saved, in another tab.
  window.addEventListener("storage", ({ key }) => {
    if (key === null || key.startsWith(begin)) draw();
  });
  element.querySelector("[data-leftover-away]")?.addEventListener("click", () => {
    // Not of what nobody has seen here.
    for (const [key, kept] of Object.entries(shown)) if (device()?.getItem(key) === kept) device()?.removeItem(key);
    draw();
    if (element.hidden) document.getElementById("main")?.focus();
  });
}

/** @param {string} words */
function lineOf(words) {
  const line = document.createElement("li");
  line.className = "prose";
  line.textContent = words;
  return line;
}

/** The fields of an expert's pages that hold words. */
const WRITTEN = ["comment", "suggested_wording", "missing", "whole", "interests"];

/**
 * @param {string} kept as unsent.js keeps it
 * @returns {[string, string | null, string][]}
 */
function read(kept) {
  try {
    const fields = JSON.parse(kept);
    return Array.isArray(fields) ? fields : [];
  } catch {
    return []; // not ours to read
  }
}
