/**
 * Sends a form as soon as a field changes, after `data-delay` milliseconds (none by default), and while somebody types
 * whenever they have paused that long. Its own submit button, marked `data-autosubmit-hide`, is for visitors without
 * scripts and is hidden; what is marked `data-autosubmit-show` is for the others.
 */

/** @param {HTMLElement} element */
export function mount(element) {
  if (!(element instanceof HTMLFormElement)) throw new Error("autosubmit belongs on a form");
  for (const button of element.querySelectorAll("[data-autosubmit-hide]")) button.toggleAttribute("hidden", true);
  for (const words of element.querySelectorAll("[data-autosubmit-show]")) words.toggleAttribute("hidden", false);
  const delay = Number(element.dataset.delay ?? 0);
  let timer = 0;
  const later = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => (element.dataset.sending ? later() : element.requestSubmit()), delay);
  };
  element.addEventListener("change", later);
  if (delay) element.addEventListener("input", later);
}
