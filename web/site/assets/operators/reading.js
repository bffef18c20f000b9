/** Makes sense of a dead letter's body: an event, whatever it is wrapped in, or text that nobody can read. */
import { dateTime } from "../format.js";

/** @typedef {{title: string, facts: [string, string][], pretty: string, readable: boolean}} Reading */

/** @param {string} body @returns {Reading} */
export function reading(body) {
  const document = parsed(body);
  if (document === undefined) return { title: "Unreadable message", facts: [], pretty: body, readable: false };
  const event = unwrapped(document);
  return {
    title: event?.["detail-type"] ?? event?.type ?? event?.eventName ?? "A message without a type",
    facts: factsOf(event),
    pretty: JSON.stringify(document, null, 2),
    readable: true,
  };
}

/** What SNS put around it (`Message`), or a stream (`record`), is taken off; texts in it that are JSON are opened. */
function unwrapped(document) {
  if (document === null || typeof document !== "object") return null;
  if (typeof document.Message === "string") return unwrapped(parsed(document.Message) ?? null);
  if (document.record && typeof document.record === "object") return document.record;
  return document;
}

function factsOf(event) {
  if (!event) return [];
  const detail = event.detail ?? event;
  return [
    ["From", event.source ?? event.eventSource],
    ["Happened", timeOf(detail.occurred_at ?? event.time)],
  ].filter(([, value]) => typeof value === "string");
}

const timeOf = (at) => (Number.isNaN(Date.parse(at)) ? at : dateTime(at));

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
