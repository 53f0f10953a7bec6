/**
 * Shows what this device has kept under names that begin with `data-leftover` and can no longer be sent, and forgets it:
 * what somebody wrote after a round had closed did not arrive, and they are told so and can copy it. Stays hidden where
 * nothing is left.
 *
 * @param {HTMLElement} element with an empty list to be filled
 */
export function mount(element) {
  const { leftover: begin } = element.dataset;
  const list = element.querySelector("ul");
  if (!begin || !list) throw new Error("data-leftover says what may be left, and a list shows it");
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(begin)) continue;
    for (const words of texts(localStorage.getItem(key) ?? "")) {
      const line = document.createElement("li");
      line.className = "prose";
      line.textContent = words;
      list.append(line);
    }
    localStorage.removeItem(key);
  }
  element.toggleAttribute("hidden", !list.children.length);
}

/**
 * @param {string} kept as unsent.js keeps it
 * @returns {string[]} what was written; scores are not worth copying
 */
function texts(kept) {
  try {
    const fields = /** @type {[string, string | null, string][]} */ (JSON.parse(kept));
    return fields.filter(([name]) => !name.startsWith("score-")).map(([, , words]) => words.trim()).filter(Boolean);
  } catch {
    return []; // not ours to read
  }
}
