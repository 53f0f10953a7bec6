/**
 * A table of short answers filled in by keyboard: arrow keys and Enter go from field to field, and a complete answer (a
 * number of the field's scale, or x) goes on to the next by itself. What is none is said under the field at once.
 */

/** @type {Map<string, [number, number]>} rows down and columns to the right */
const STEPS = new Map([
  ["ArrowUp", [-1, 0]], ["ArrowDown", [1, 0]], ["ArrowLeft", [0, -1]], ["ArrowRight", [0, 1]], ["Enter", [1, 0]],
]);

/** @param {HTMLElement} form */
export function mount(form) {
  for (const cell of form.querySelectorAll("input[data-lowest]")) if (isCell(cell)) begin(cell);
  form.addEventListener("restored", ({ target }) => {
    if (isCell(target)) begin(target);
  });
  form.addEventListener("focusin", ({ target }) => {
    if (isCell(target)) target.select();
  });
  form.addEventListener("input", ({ target }) => {
    if (!isCell(target)) return;
    const wrong = target.value !== "" && !isComplete(target) && !isBegun(target);
    say(target, wrong);
    if (!isComplete(target)) return;
    target.dataset.kept = target.value;
    move(target, 0, 1);
  });
  form.addEventListener("focusout", ({ target }) => {
    if (!isCell(target)) return;
    const wrong = target.value !== "" && !isComplete(target);
    say(target, wrong);
    if (target.value === "" && target.dataset.kept) {
      // What was given can be changed, and cannot be made not given: an empty field would only look so.
      target.value = target.dataset.kept;
      tell(target, target.dataset.emptied ?? "");
      target.dispatchEvent(new Event("change", { bubbles: true })); // so that no emptied field is kept for later
    }
  });
  form.addEventListener("keydown", (event) => {
    const { target } = event;
    if (!isCell(target) || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS.get(event.key);
    if (!step) return;
    event.preventDefault();
    move(target, ...step);
  });
}

/**
 * @param {EventTarget | null} target
 * @returns {target is HTMLInputElement}
 */
function isCell(target) {
  return target instanceof HTMLInputElement && target.dataset.lowest !== undefined;
}

/** @param {HTMLInputElement} cell */
function isComplete(cell) {
  return fits(cell, cell.value);
}

/**
 * @param {HTMLInputElement} cell
 * @param {string} words
 */
function fits(cell, words) {
  const typed = words.trim().toLowerCase();
  if (typed === "x") return true;
  return /^(0|-?[1-9]\d*)$/.test(typed) && Number(typed) >= Number(cell.dataset.lowest) && Number(typed) <= Number(cell.dataset.highest);
}

/**
 * A field as the page was made, or as what an earlier visit left was put back into it.
 *
 * @param {HTMLInputElement} cell
 */
function begin(cell) {
  if (fits(cell, cell.defaultValue)) cell.dataset.kept = cell.defaultValue;
  if (cell.value !== "") say(cell, !isComplete(cell));
}

/** @param {HTMLInputElement} cell */
function isBegun(cell) {
  return cell.value.trim() === "-" && Number(cell.dataset.lowest) < 0;
}

/**
 * @param {HTMLInputElement} cell
 * @param {boolean} wrong
 */
function say(cell, wrong) {
  cell.setCustomValidity(wrong ? cell.dataset.wrong ?? "" : "");
  cell.toggleAttribute("aria-invalid", wrong);
  if (wrong) cell.setAttribute("aria-invalid", "true");
  tell(cell, wrong ? cell.dataset.wrong ?? "" : "");
}

/**
 * @param {HTMLInputElement} cell
 * @param {string} sentence shown below it; "" for none
 */
function tell(cell, sentence) {
  const words = document.getElementById(`${cell.id}-error`);
  if (!words) return;
  words.hidden = !sentence;
  words.textContent = sentence;
  const before = document.getElementById(`${cell.id}-before`);
  const told = [sentence ? words.id : "", before ? before.id : ""].filter(Boolean).join(" ");
  if (told) cell.setAttribute("aria-describedby", told);
  else cell.removeAttribute("aria-describedby");
}

/**
 * To the field so many rows and columns away; over the end of a row to the next, and from table to table.
 *
 * @param {HTMLInputElement} cell
 * @param {number} down
 * @param {number} right
 */
function move(cell, down, right) {
  const all = [...(cell.form?.querySelectorAll("input[data-lowest]") ?? [])];
  const across = cell.closest("tr")?.querySelectorAll("input[data-lowest]").length ?? 1;
  const next = all[all.indexOf(cell) + down * across + right];
  if (next instanceof HTMLInputElement) next.focus();
}
