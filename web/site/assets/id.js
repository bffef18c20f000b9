/** A name that nobody else takes: 128 random bits. (crypto.randomUUID is only there on https and localhost.) */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
