/**
 * What somebody typed in forms on this device and is stored nowhere else, once no open page holds it: an item may be
 * withdrawn, homework taken back, a place in the group ended, and the form that would give it back is gone.
 *
 * `<div data-module="not_sent" data-person="7" hidden>` is shown where there is something; a `<ul>` in it shows what, until
 * the person lets go of it.
 */
import { goTo } from "../blueprint/place.js";
import { action, inParts, keptWords } from "../text/kept.js";
import { _ } from "../words.js";
import { leftInForms } from "./unsaved.js";
import { device } from "./unsent.js";

/** @typedef {import("./unsaved.js").Found & {name: string}} Record */

/** @param {HTMLElement} element */
export async function mount(element) {
  const { person } = element.dataset;
  if (!person) throw new Error("data-person says whose words are shown");
  const list = element.querySelector("ul");
  /** @type {Record[]} */
  let left = [];
  const draw = async () => {
    left = (await leftInForms(person)).filter((one) => one.fields.some(([, , words]) => words.trim()));
    element.hidden = !left.length;
    if (list) show(list, left);
  };
  await draw();
  if (!element.hidden && element.id && location.hash === `#${element.id}`) goTo(element.querySelector("h2"));
  // Sent, let go of, or gone on with in another tab; or the page is shown once more by "back".
  window.addEventListener("storage", ({ key, newValue }) => {
    if (newValue === null || left.some(({ name }) => name === key)) void draw();
  });
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted) void draw();
  });
}

/**
 * @param {HTMLElement} list
 * @param {Record[]} left
 */
function show(list, left) {
  for (const line of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("li[data-record]"))) {
    if (!left.some(({ name, at }) => name === line.dataset.record && String(at) === line.dataset.at)) line.remove();
  }
  for (const one of left) {
    if (list.querySelector(`[data-record="${CSS.escape(one.name)}"]`)) continue;
    const line = document.createElement("li");
    line.dataset.record = one.name;
    line.dataset.at = String(one.at);
    line.append(boxOf(one, () => {
      device()?.removeItem(one.name);
      line.remove();
      const around = list.closest("[data-module]");
      if (!list.childElementCount) around?.setAttribute("hidden", "");
    }));
    list.append(line);
    foldLong(line);
  }
}

/**
 * @param {Record} left
 * @param {() => void} letGo
 */
function boxOf({ name, at, fields, page, title, labels }, letGo) {
  const parts = fields.filter(([, , words]) => words.trim())
    .map(([field, , words]) => ({ name: field, words, label: labels?.[field] ?? "" }));
  const where = page && isPath(page) ? page : undefined;
  const detail = [
    title ? _("You wrote this on the page “{title}”, and it was not saved.", { title }) : _("You wrote this in a form, and it was not saved."),
    ...(where ? [_("If its form is still there, your words stand in it again.")] : []),
  ].join(" ");
  const lost = { doc: "", code: "unsent", detail, ...inParts(parts), version: NaN, parts, key: name, person: "", at };
  const box = keptWords(lost, { letGo, page: where });
  // No landmark: the list names its lines, and two may have been written in one minute.
  box.setAttribute("role", "group");
  // Of several boxes, whoever goes from button to button hears whose each is.
  const heading = box.querySelector("h3");
  if (heading) heading.id = `left-${encodeURIComponent(name)}`;
  for (const act of box.querySelectorAll("a, button")) act.setAttribute("aria-describedby", heading?.id ?? "");
  return box;
}

/**
 * Whether a link can lead there: not to another server.
 * @param {string} page
 */
function isPath(page) {
  return page.startsWith("/") && !page.startsWith("//");
}

/**
 * Of long words the first lines are shown, and all of them at a press.
 * @param {HTMLElement} line
 */
function foldLong(line) {
  const long = [...line.querySelectorAll("textarea")].filter((field) => field.scrollHeight > field.clientHeight + 1);
  if (!long.length) return;
  const more = action(_("Show all of it"), "button--quiet", () => {
    for (const field of long) {
      field.style.maxHeight = "none";
      field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
    }
    long[0]?.focus();
    more.remove();
  });
  line.querySelector(".editor__kept-actions")?.before(more);
}
