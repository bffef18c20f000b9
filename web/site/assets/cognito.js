/** The user pool's own endpoint. Why not a library: docs/decisions/sign-in.md. */
import { config } from "./config.js";

const TARGET = "AWSCognitoIdentityProviderService";

/** What the pool refuses; `name` is its exception's. */
export class CognitoError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }

  get isTemporary() {
    return ["Unreachable", "TooManyRequestsException", "InternalErrorException"].includes(this.name);
  }
}

/** @param {"USER_PASSWORD_AUTH" | "REFRESH_TOKEN_AUTH"} flow */
export const initiateAuth = (flow, parameters) => call("InitiateAuth", { AuthFlow: flow, AuthParameters: parameters });

export const signUp = (email, password) =>
  call("SignUp", { Username: email, Password: password, UserAttributes: [{ Name: "email", Value: email }] });

export const confirmSignUp = (email, code) => call("ConfirmSignUp", { Username: email, ConfirmationCode: code });

export const resendCode = (email) => call("ResendConfirmationCode", { Username: email });

export const forgotPassword = (email) => call("ForgotPassword", { Username: email });

export const confirmNewPassword = (email, code, password) =>
  call("ConfirmForgotPassword", { Username: email, ConfirmationCode: code, Password: password });

/** Raises CognitoError. */
async function call(operation, body) {
  let answer;
  try {
    const { cognito } = await config();
    answer = await fetch(cognito.endpoint, {
      method: "POST",
      headers: { "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": `${TARGET}.${operation}` },
      body: JSON.stringify({ ClientId: cognito.client_id, ...body }),
      credentials: "omit",
    });
  } catch (error) {
    throw new CognitoError("Unreachable", String(error));
  }
  const document = await answer.json().catch(() => ({}));
  if (answer.ok) return document;
  // As in "com.amazonaws…#NotAuthorizedException" (AWS JSON 1.1 protocol, "Operation error serialization").
  const name = (document.__type ?? "InternalErrorException").split("#").pop();
  throw new CognitoError(name, document.message ?? document.Message ?? "");
}
