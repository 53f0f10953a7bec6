/** The buttons that open the side panes on narrow screens; one at a time. Without scripts the panes follow one another. */

/** @param {HTMLElement} element */
export function mount(element) {
  const buttons = [...element.querySelectorAll("button")];
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-expanded") !== "true";
      for (const other of buttons) set(other, other === button && open);
    });
  }
  element.classList.add("is-ready");
}

/**
 * @param {HTMLButtonElement} button
 * @param {boolean} open
 */
function set(button, open) {
  button.setAttribute("aria-expanded", String(open));
  document.getElementById(button.getAttribute("aria-controls") ?? "")?.classList.toggle("is-open", open);
}
