/** Where the order goes: the form's fields, and how an address is written down. */

const CODES =
  "AD AE AF AG AI AL AM AO AR AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BM BN BO BR BS BT BW BY BZ CA CD CF CG CH CI CL CM CN CO CR CU CV CW CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MH MK ML MM MN MO MQ MR MS MT MU MV MW MX MY MZ NA NC NE NG NI NL NO NP NR NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SI SK SL SM SN SO SR SS ST SV SY SZ TC TD TG TH TJ TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

const NAMES = new Intl.DisplayNames(undefined, { type: "region" });

/** ISO 3166-1 codes with the names of the countries in the visitor's language, in its order. @returns {[string, string][]} */
const countries = () =>
  CODES.split(" ")
    .map((code) => [code, NAMES.of(code)])
    .sort(([, one], [, other]) => one.localeCompare(other));

/** The lengths are those of openapi.yaml, Address. @type {import("../form.js").Field[]} */
export const ADDRESS_FIELDS = [
  { name: "name", label: "Name", autocomplete: "shipping name", maxlength: 200, wide: true },
  { name: "line1", label: "Street and number", autocomplete: "shipping address-line1", maxlength: 200, wide: true },
  { name: "line2", label: "Flat, floor, company", autocomplete: "shipping address-line2", maxlength: 200, required: false, wide: true },
  { name: "postal_code", label: "Postal code", autocomplete: "shipping postal-code", maxlength: 20 },
  { name: "city", label: "City", autocomplete: "shipping address-level2", maxlength: 100 },
  { name: "region", label: "State or region", autocomplete: "shipping address-level1", maxlength: 100, required: false },
  { name: "country", label: "Country", autocomplete: "shipping country", options: [["", "Choose …"], ...countries()] },
];

export const EXAMPLE_ADDRESS = {
  name: "A Customer",
  line1: "1 Example Street",
  line2: "",
  postal_code: "62701",
  city: "Springfield",
  region: "IL",
  country: "US",
};

/** As the API takes it: what is empty is not sent. @param {Record<string, string>} values */
export function addressOf(values) {
  const named = ADDRESS_FIELDS.map(({ name }) => [name, values[name]]);
  return Object.fromEntries(named.filter(([, value]) => value));
}

/** The lines on a parcel. */
export const addressLines = ({ name, line1, line2, postal_code, city, region, country }) => [
  name,
  line1,
  line2,
  [postal_code, city, region].filter(Boolean).join(" "),
  NAMES.of(country),
].filter(Boolean);
