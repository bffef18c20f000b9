/** The dead letters as the operators' API tells of them. */
import { get, post } from "../api.js";

/** @typedef {{place: string, messages: number}} Place */
/** @typedef {{message_id: string, sent_at: string, receives: number, body: string, order_id: string | null, cause: string | null}} Letter */

const base = "/operations/dead-letters";

/** @param {AbortSignal} signal @returns {Promise<Place[]>} */
export const places = async (signal) => (await get(base, { signedIn: true, signal })).places;

/** Ten at most. @param {string} place @param {AbortSignal} signal @returns {Promise<Letter[]>} */
export const letters = async (place, signal) => (await get(`${base}/${encodeURIComponent(place)}`, { signedIn: true, signal })).messages;

/** @param {string} place @returns {Promise<number>} how many are on their way back */
export const redrive = async (place) => (await post(`${base}/${encodeURIComponent(place)}/redrive`)).messages;
