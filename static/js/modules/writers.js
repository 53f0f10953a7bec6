/**
 * Says who is writing in an item just now, and says it again in the question that a form inside asks: `data-group`,
 * `data-item`, `data-person` (who looks), `data-writing` (words with {names}); `[data-writers]` shows it.
 */
import { connection, watch } from "./live.js";

/** @param {HTMLElement} element */
export function mount(element) {
  const shown = element.querySelector("[data-writers]");
  const form = element.querySelector("form[data-confirm]");
  if (!(shown instanceof HTMLElement) || !(form instanceof HTMLFormElement)) return;
  const question = form.dataset.confirm ?? "";
  connection().socket.on("presence:here", (/** @type {import("./presence.js").Here[]} */ people) => {
    const inIt = people.filter((each) => String(each.item) === element.dataset.item && String(each.person) !== element.dataset.person);
    const names = inIt.map(({ name }) => name).join(", ");
    const words = (element.dataset.writing ?? "").replace("{names}", () => names);
    shown.hidden = !names;
    shown.textContent = names ? words : "";
    form.dataset.confirm = names ? `${question} ${words}` : question;
  });
  watch([`here-${element.dataset.group}`]);
}
