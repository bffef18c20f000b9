/** An order as operators see it in a list. */
import { html } from "../vendor/lit-html.js";
import { dateTime, money, shortId } from "../format.js";
import { shortStatus } from "../order/words.js";

/** @param {any} order @param {string} id the heading's @param {string} since how long it needs somebody */
export const orderHead = (order, id, since) => html`
  <div class="row row--apart needy__head">
    <h2 id=${id}><a href="#/orders/${encodeURIComponent(order.order_id)}">Order ${shortId(order.order_id)}</a></h2>
    <span class="price needy__total">${money(order.total)}</span>
  </div>
  <p class="soft small">${shortStatus(order.status)} · <span title=${dateTime(order.updated_at)}>${since}</span> ·
    ${order.shipping_address.name}, ${order.shipping_address.city} · <code>${order.payment_method}</code></p>`;

export const orderLines = (order) => html`
  <ul class="needy__lines" role="list">
    ${order.lines.map((line) => html`<li><span class="numeric">${line.quantity}</span> × ${line.name}</li>`)}
  </ul>`;
