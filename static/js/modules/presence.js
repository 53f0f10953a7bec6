/** Who is here: filled when the live server tells it; see mount. */

/** @param {HTMLElement} _element */
export function mount(_element) {}
