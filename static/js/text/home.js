/** Brings home what closed tabs left of a text: it is sent under its own numbers, and what is refused is kept as words. */

/** @typedef {import("./store.js").BrowserStore} BrowserStore */

/**
 * @param {BrowserStore} store
 * @param {string} doc
 * @param {string} person
 * @param {() => unknown} refused called each time that words could not be saved, once they are kept as such
 * @returns {Promise<boolean>} whether there was something, and all of it is saved now
 */
export async function bringHome(store, doc, person, refused) {
  const all = await store.adopt(doc, person);
  if (!all.length) return false;
  // Only who has something to send needs the editor's library.
  const { recover } = await import("./recovery.js");
  let saved = true;
  for (const kept of all) {
    const done = await recover(kept, {
      status: () => {},
      lost: (lost) => {
        saved = false;
        void store.keepLost({ ...lost, person }).then(refused);
      },
    }, store);
    saved &&= done;
  }
  return saved;
}
