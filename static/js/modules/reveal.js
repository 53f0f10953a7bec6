/**
 * Shows the element named by `data-reveals` while this radio or checkbox is chosen; of a select, the one named by that and
 * the chosen value ("odds-7"). Without scripts all always show.
 */

/** @param {HTMLElement} input */
export function mount(input) {
  const name = input.dataset.reveals ?? "";
  if (input instanceof HTMLSelectElement) {
    const show = () => {
      for (const one of input.options) {
        const target = document.getElementById(`${name}-${one.value}`);
        if (target) target.hidden = !one.selected;
      }
    };
    input.addEventListener("change", show);
    show();
    return;
  }
  const target = document.getElementById(name);
  if (!(input instanceof HTMLInputElement) || !target) throw new Error(`nothing to reveal: "${name}"`);
  input.setAttribute("aria-controls", target.id);
  const show = () => {
    target.hidden = !input.checked;
    // ARIA gives an expanded state to checkboxes, not to radios.
    if (input.type === "checkbox") input.setAttribute("aria-expanded", String(input.checked));
  };
  // A radio hears nothing when another one is chosen: listen on the form, or the page.
  (input.form ?? document).addEventListener("change", show);
  show();
}
