/**
 * Shows what this device has kept under names that begin with `data-leftover` and was not sent: the words, to be copied,
 * and how many scores. It stays until somebody lets go of it. Stays hidden where nothing is left; what is only true then
 * carries `data-leftover-none`.
 */
import { device } from "./unsent.js";

/** @param {HTMLElement} element with an empty list to be filled */
export function mount(element) {
  const { leftover: begin } = element.dataset;
  const list = element.querySelector("ul");
  const told = element.querySelector("[data-leftover-scores]");
  if (!begin || !list || !(told instanceof HTMLElement)) throw new Error("data-leftover says what may be left, and a list shows it");
  const keys = Object.keys(device() ?? {}).filter((key) => key.startsWith(begin));
  const fields = keys.flatMap((key) => read(device()?.getItem(key) ?? ""));
  const scores = fields.filter(([name]) => name.startsWith("score-")).length;
  const words = fields.filter(([name]) => WRITTEN.includes(name)).map(([, , text]) => text.trim()).filter(Boolean);
  for (const text of words) {
    const line = document.createElement("li");
    line.className = "prose";
    line.textContent = text;
    list.append(line);
  }
  told.textContent = ((scores === 1 ? told.dataset.one : told.dataset.many) ?? "").replace("{count}", String(scores));
  told.toggleAttribute("hidden", !scores);
  element.querySelector("[data-module~=copy]")?.toggleAttribute("hidden", !words.length);
  /** @param {boolean} isAny */
  const show = (isAny) => {
    element.toggleAttribute("hidden", !isAny);
    for (const each of document.querySelectorAll("[data-leftover-none]")) each.toggleAttribute("hidden", isAny);
  };
  show(scores + words.length > 0);
  element.querySelector("[data-leftover-away]")?.addEventListener("click", () => {
    for (const key of keys) device()?.removeItem(key);
    show(false);
    document.getElementById("main")?.focus();
  });
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
