/** Shows the element named by `data-reveals` while this radio or checkbox is chosen. Without scripts it always shows. */

/** @param {HTMLElement} input */
export function mount(input) {
  const target = document.getElementById(input.dataset.reveals ?? "");
  if (!(input instanceof HTMLInputElement) || !target) throw new Error(`nothing to reveal: "${input.dataset.reveals}"`);
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
