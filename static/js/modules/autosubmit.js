/**
 * Sends a form as soon as a field changes, after `data-delay` milliseconds (none by default).
 * Its own submit button, marked `data-autosubmit-hide`, is for visitors without scripts and is hidden.
 */

/** @param {HTMLElement} element */
export function mount(element) {
  if (!(element instanceof HTMLFormElement)) throw new Error("autosubmit belongs on a form");
  for (const button of element.querySelectorAll("[data-autosubmit-hide]")) button.toggleAttribute("hidden", true);
  const delay = Number(element.dataset.delay ?? 0);
  let timer = 0;
  element.addEventListener("change", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => element.requestSubmit(), delay);
  });
}
