/**
 * Who is here: the people who have a page of this group open, and which item each of them is in.
 *
 * `<div data-module="presence" data-group="3" data-person="7" data-empty="Only you…" data-editing="editing"
 * data-you="you">` holds the list; a `[data-here="12"]` anywhere shows who else is in item 12. The live server tells it
 * whenever that changes.
 */
import { connection, watch } from "./live.js";

/** @typedef {{person: number, name: string, initials: string, tag: string, item: number | null}} Here */

/** @param {HTMLElement} element */
export function mount(element) {
  const own = Number(element.dataset.person);
  /** @param {Here[]} people */
  const show = (people) => {
    const others = people.some(({ person }) => person !== own);
    element.replaceChildren(others ? list(people, own, element.dataset) : soft("p", element.dataset.empty ?? ""));
    for (const place of document.querySelectorAll("[data-here]")) {
      const inIt = people.filter(({ person, item }) => person !== own && String(item) === place.getAttribute("data-here"));
      place.replaceChildren(...inIt.map((each) => avatar(each, true)));
    }
  };
  connection().socket.on("presence:here", (/** @type {Here[]} */ people) => {
    if (element.isConnected) show(people);
  });
  watch([`here-${element.dataset.group}`]);
}

/**
 * @param {Here[]} people
 * @param {number} own
 * @param {DOMStringMap} words
 */
function list(people, own, words) {
  const made = document.createElement("ul");
  made.className = "lately";
  for (const each of people) {
    const line = document.createElement("li");
    line.append(avatar(each, false), " ", each.name);
    if (each.person === own) line.append(" ", soft("span", `(${words.you ?? ""})`));
    const reference = document.getElementById(`item-${each.item}`)?.dataset.reference;
    if (reference) line.append(" ", soft("span", `${words.editing ?? ""} ${reference}`));
    made.append(line);
  }
  return made;
}

/**
 * @param {Here} each
 * @param {boolean} named whether nothing beside it says who that is
 */
function avatar(each, named) {
  const made = document.createElement("span");
  made.className = `avatar avatar--small avatar--${(each.person % 8) + 1}`;
  made.textContent = each.initials;
  if (named) {
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", each.name);
    made.title = each.name;
  } else {
    made.setAttribute("aria-hidden", "true");
  }
  if (each.tag) {
    const tag = document.createElement("span");
    tag.className = "avatar__tag";
    tag.textContent = each.tag;
    made.append(tag);
  }
  return made;
}

/**
 * @param {"p" | "span"} kind
 * @param {string} words
 */
function soft(kind, words) {
  const made = document.createElement(kind);
  made.className = "soft small";
  made.textContent = words;
  return made;
}
