/** What the deployment says about itself: config.json beside index.html. */

/** @typedef {{api: string, cognito: {endpoint: string, client_id: string}, environment: string, breaks: boolean}} Config */

let asked = null;

/** Asked once; again after a failure. @returns {Promise<Config>} */
export function config() {
  asked ??= fetched().catch((error) => {
    asked = null;
    throw error;
  });
  return asked;
}

async function fetched() {
  const answer = await fetch("config.json", { cache: "no-cache" });
  if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
  return answer.json();
}
