// @ts-check
/** Hand a file to the reader. */

const KEPT_MS = 10_000;

/** Save a file that the page has made. */
export function save(/** @type {Blob} */ blob, /** @type {string} */ name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
