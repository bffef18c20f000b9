/** For an address that names no page. */
import { html } from "../vendor/lit-html.js";
import { Page } from "../view.js";

class NotFoundPage extends Page {
  view() {
    return html`
      <div class="sheet sheet--narrow">
        <h1>There is no such page</h1>
        <p>The address may have lost a letter on its way here.</p>
        <p><a class="button" href="#/">To the shop window</a></p>
      </div>`;
  }
}

customElements.define("not-found-page", NotFoundPage);
