/** Says something to those who listen to the page instead of looking at it. */

/** @param {string} text one sentence */
export function announce(text) {
  const place = document.getElementById("announcer");
  // The same text twice is no change, and would not be read again.
  place.textContent = place.textContent === text ? `${text}\u00a0` : text;
}
