/**
 * Words as they are compared where one types to find them: however their quotes, apostrophes and dashes are written,
 * without accents, capitals and unseen signs. Letters as `app/calc/search.py` has them; other signs stay.
 */

const PLAIN = new Map(Object.entries({ ß: "ss", ø: "o", æ: "ae", œ: "oe", đ: "d", ð: "d", ł: "l", ı: "i", þ: "th", ħ: "h" }));

/**
 * @param {string} text
 * @returns {string}
 */
export function fold(text) {
  return text
    .replace(/[\u2018-\u201B\u2032\u02BC\u00B4`]/g, "'")
    .replace(/[\u201C-\u201F\u2033\u00AB\u00BB]/g, '"')
    .replace(/[\u2010-\u2015\u2212]/g, "-")
    .normalize("NFKD")
    .replace(/[\p{M}\p{Cf}]/gu, "")
    .toLowerCase()
    .replace(/[ßøæœđðłıþħ]/g, (letter) => PLAIN.get(letter) ?? letter);
}

/**
 * What is typed to find, word by word.
 * @param {string} typed
 * @returns {string[]}
 */
export function wanted(typed) {
  return fold(typed).split(/\s+/).filter(Boolean);
}
