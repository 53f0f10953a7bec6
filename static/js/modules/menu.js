/**
 * Two menus of the header: a `<details>` that closes on Escape and on a click elsewhere, and a button with
 * `aria-controls` that opens and closes the list it names.
 */

/** @param {HTMLElement} element */
export function mount(element) {
  if (element instanceof HTMLDetailsElement) mountDetails(element);
  else mountToggle(element);
}

/** @param {HTMLDetailsElement} details */
function mountDetails(details) {
  document.addEventListener("click", ({ target }) => {
    if (details.open && target instanceof Node && !details.contains(target)) details.open = false;
  });
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary")?.focus();
  });
}

/** @param {HTMLElement} button */
function mountToggle(button) {
  const set = (/** @type {boolean} */ open) => button.setAttribute("aria-expanded", String(open));
  button.addEventListener("click", () => set(button.getAttribute("aria-expanded") !== "true"));
  button.parentElement?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || button.getAttribute("aria-expanded") !== "true") return;
    set(false);
    button.focus();
  });
}
