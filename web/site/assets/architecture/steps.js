/** Turns the events of an order into the steps of its way through the diagram. Pure: no page, no clock. */

/**
 * @typedef {{from: string, to: string, line: string | null, rule?: string, if?: Record<string, any[]>}} Hop
 * @typedef {{event: any, at: number, hops: Hop[]}} Step `at`: which event, counted from 0; `hops` happen at once
 */

/**
 * @param {any[]} events as the API sends them
 * @param {Record<string, Hop[][]>} ways the stages of each type of event
 * @returns {Step[]}
 */
export function stepsOf(events, ways) {
  return events.flatMap((event, at) =>
    (ways[event.type] ?? [])
      .map((stage) => ({ event, at, hops: stage.filter((hop) => happens(hop, event)) }))
      .filter((step) => step.hops.length > 0),
  );
}

/** A rule may let an event pass only for some values of its data. */
function happens(hop, event) {
  return Object.entries(hop.if ?? {}).every(([name, values]) => !values.every((value) => typeof value === "string") || values.includes(event.data?.[name]));
}

/** The first step of each event. @param {Step[]} steps @param {number} at */
export const firstStepOf = (steps, at) => steps.findIndex((step) => step.at === at);
