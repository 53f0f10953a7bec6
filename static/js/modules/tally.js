/** A button that says how many boxes are ticked: `data-tally` names them, `data-one` and `data-many` are its words. */

/** @param {HTMLElement} button */
export function mount(button) {
  const { tally: name = "", one = "", many = "" } = button.dataset;
  const form = button.closest("form");
  if (!form) throw new Error("a tally stands in a form");
  const say = () => {
    const count = form.querySelectorAll(`input[name="${name}"]:checked`).length;
    button.textContent = count === 1 ? one : many.replace("{n}", String(count));
  };
  form.addEventListener("change", say);
  say();
}
