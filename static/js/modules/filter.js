/**
 * Narrows a list as one types. The list is named by `data-filter-target`; its entries carry `data-filter`
 * (more words to match may stand in that attribute). `data-filter-words` says how many are left, with {n} and {all}.
 */

import { fold, wanted } from "../fold.js";

/** @param {HTMLElement} element */
export function mount(element) {
  const list = document.getElementById(element.dataset.filterTarget ?? "");
  const input = element.querySelector("input");
  const says = element.querySelector("[role=status]");
  if (!list || !input || !says) throw new Error(`nothing to filter: "${element.dataset.filterTarget}"`);

  const narrow = () => {
    const words = wanted(input.value);
    const entries = [...list.querySelectorAll("[data-filter]")].filter((entry) => entry instanceof HTMLElement);
    let left = 0;
    for (const entry of entries) {
      const text = fold(`${entry.textContent} ${entry.dataset.filter}`);
      entry.hidden = !words.every((word) => text.includes(word));
      if (!entry.hidden) left += 1;
    }
    says.textContent = words.length
      ? (element.dataset.filterWords ?? "").replace("{n}", String(left)).replace("{all}", String(entries.length))
      : "";
  };
  input.addEventListener("input", narrow);
  // A list that was renewed in place shows all its entries again.
  document.addEventListener("concordat:mount", () => {
    if (input.isConnected && input.value) narrow();
  });
  if (input.value) narrow();
}
