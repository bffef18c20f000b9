/** The entry: the frame around every page, and then the page that the address names. */
import "./menu.js";
import "./notices.js";
import { forgetAnswers } from "./api.js";
import { onSession } from "./auth.js";
import { startRouter } from "./router.js";
import { ROUTES } from "./routes.js";

onSession(forgetAnswers);
document.addEventListener("shop:page", () => document.querySelector(".wordmark").classList.toggle("wordmark--turned"));
startRouter(ROUTES);
