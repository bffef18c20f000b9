/** Labelled fields whose errors are tied to them, and what is asked of each before anything is sent. */
import { html, nothing } from "./vendor/lit-html.js";

/**
 * @typedef {{name: string, label: string, type?: string, autocomplete?: string, hint?: unknown, required?: boolean,
 *   inputmode?: string, maxlength?: number, minlength?: number, options?: [string, string][], wide?: boolean}} Field
 */

/** One field with its label. @param {Field} field @param {string} value @param {string} [error] */
export function fieldView(field, value, error) {
  const hint = field.hint ? `${field.name}-hint` : "";
  const wrong = error ? `${field.name}-error` : "";
  const described = [wrong, hint].filter(Boolean).join(" ") || nothing;
  return html`
    <div class="field ${field.wide ? "field--wide" : ""}">
      <label for=${field.name}>${field.label}${field.required === false ? html` <span class="soft">(optional)</span>` : nothing}</label>
      ${field.options ? selectView(field, value, error, described) : inputView(field, value, error, described)}
      ${error ? html`<p class="field__error" id=${wrong}>${error}</p>` : nothing}
      ${field.hint ? html`<p class="field__hint" id=${hint}>${field.hint}</p>` : nothing}
    </div>`;
}

const inputView = (field, value, error, described) => html`
  <input id=${field.name} name=${field.name} type=${field.type ?? "text"} .value=${value ?? ""}
    autocomplete=${field.autocomplete ?? "off"} inputmode=${field.inputmode ?? nothing} maxlength=${field.maxlength ?? nothing}
    ?required=${field.required !== false} aria-invalid=${error ? "true" : "false"} aria-describedby=${described}>`;

const selectView = (field, value, error, described) => html`
  <select id=${field.name} name=${field.name} autocomplete=${field.autocomplete ?? "off"} ?required=${field.required !== false}
    aria-invalid=${error ? "true" : "false"} aria-describedby=${described}>
    ${field.options.map(([code, name]) => html`<option value=${code} ?selected=${code === value}>${name}</option>`)}
  </select>`;

/** What the form holds, without blanks at the ends except in passwords. @param {HTMLFormElement} form */
export function valuesOf(form) {
  const values = {};
  for (const [name, value] of new FormData(form)) values[name] = name.includes("password") ? value : value.trim();
  return values;
}

/** What is wrong, by field; empty where nothing is. @param {Field[]} fields @param {Record<string, string>} values */
export function errorsOf(fields, values) {
  const errors = {};
  for (const field of fields) {
    const error = errorOf(field, values[field.name] ?? "");
    if (error) errors[field.name] = error;
  }
  return errors;
}

function errorOf(field, value) {
  if (!value) return field.required === false ? null : `Fill in: ${field.label.toLowerCase()}.`;
  if (field.type === "email" && !/^[^\s@]+@[^\s@]+$/.test(value)) return "An e-mail address looks like this: you@example.com.";
  if (field.minlength && value.length < field.minlength) return `At least ${field.minlength} characters.`;
  if (field.maxlength && value.length > field.maxlength) return `At most ${field.maxlength} characters.`;
  return null;
}

/** Puts the focus on the first field that is wrong, once it is drawn. @param {Element} root */
export function focusFirstError(root) {
  requestAnimationFrame(() => root.querySelector("[aria-invalid='true']")?.focus());
}
