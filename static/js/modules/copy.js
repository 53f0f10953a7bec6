/** Copies `data-copy`, or the text of the element named by `data-copy-target`, and says so. */

import { toast } from "./toast.js";

/** @param {HTMLElement} button */
export function mount(button) {
  button.addEventListener("click", async () => {
    const target = document.getElementById(button.dataset.copyTarget ?? "");
    const field = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
    const text = button.dataset.copy ?? (field ? target.value : (target?.innerText ?? ""));
    try {
      await navigator.clipboard.writeText(text);
      toast(button.dataset.copied ?? "Copied");
    } catch {
      // Refused by the browser, or a page without https: the visitor can still copy by hand.
      if (field) target.select();
      else if (target) window.getSelection()?.selectAllChildren(target);
      toast(button.dataset.failed ?? "Could not copy", { error: true });
    }
  });
}
