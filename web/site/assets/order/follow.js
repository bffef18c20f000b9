/** Asks again and again while somebody looks: quickly while things happen, slowly once they are settled, not at all when
 * the page is hidden, and less and less often while the shop is down. */

const TROUBLE_FIRST = 1000; // milliseconds until the first new try
const TROUBLE_MOST = 20_000;

/**
 * @param {object} how
 * @param {() => Promise<number>} how.ask asks once, and says after how many milliseconds to ask again
 * @param {(error: Error | null, wait: number) => void} how.trouble told of each failure and when it is tried again, and with
 *   null once it works again
 * @param {AbortSignal} how.signal ends it
 * @returns {{now: () => void}} `now` asks at once
 */
export function follow({ ask, trouble, signal }) {
  let timer = 0;
  let failures = 0;
  let asking = false;

  async function round() {
    if (asking || signal.aborted || document.visibilityState === "hidden") return;
    asking = true;
    const wait = await answered();
    asking = false;
    if (!signal.aborted) timer = setTimeout(round, wait);
  }

  async function answered() {
    try {
      const wait = await ask();
      if (failures) trouble(null, 0);
      failures = 0;
      return wait;
    } catch (error) {
      if (signal.aborted) return 0;
      const wait = Math.max(Math.min(TROUBLE_FIRST * 2 ** failures++, TROUBLE_MOST), (error.retryAfter ?? 0) * 1000);
      trouble(error, wait);
      return wait;
    }
  }

  function now() {
    clearTimeout(timer);
    round();
  }

  document.addEventListener("visibilitychange", now, { signal });
  addEventListener("online", now, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  round();
  return { now };
}
