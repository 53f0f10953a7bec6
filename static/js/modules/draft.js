/**
 * A form that an expert sends by its button: what stands in it is kept on this device for this seat only (`data-keep`, as
 * unsent.js keeps answers), and stands there again when the page is opened anew. What is ticked is not: one agrees afresh.
 * With `data-refused` what was sent stands in the form already, and what stood beside it stands there again. The page that
 * comes once it is stored lets go of it (forget.js).
 */
import { _ } from "../words.js";
import { Unsent } from "./unsent.js";

class Draft extends Unsent {
  /** @override */
  fields() {
    const found = super.fields();
    for (const box of this.form.querySelectorAll("input[type=checkbox]")) delete found[/** @type {HTMLInputElement} */ (box).name];
    return found;
  }
}

/** @param {HTMLElement} form */
export function mount(form) {
  if (!(form instanceof HTMLFormElement)) throw new Error("draft belongs on a form");
  const draft = new Draft(form);
  const untouched = new Set(draft.same);
  const here = draft.fields();
  const isRefused = form.dataset.refused !== undefined;
  /** @type {Set<string>} */
  const again = new Set();
  for (const [name, before, value] of draft.kept) {
    if (here[name] === value) continue;
    const isFree = !isRefused && !again.has(name) && (untouched.has(name) || !(name in here));
    if (isFree && draft.put(name, value)) again.add(name);
    else if (form.elements.namedItem(name) instanceof HTMLTextAreaElement && value) {
      draft.offered.push([name, before, value]);
      draft.offer(name, value, value, _("You had written this here before, and not sent it:"));
    }
  }
  if (again.size) draft.say(_("What you had written here and not sent stands here again."));
  if (draft.isAny) draft.keep(); // also what was entered before this script had come
  for (const changed of ["input", "change"]) form.addEventListener(changed, () => draft.keep());
}
