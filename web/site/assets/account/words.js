/** What the user pool refuses, in words that say what to do next. */

const WORDS = {
  UserNotFoundException: "The e-mail address and the password do not belong together. Look at both again, or set a new password.",
  UsernameExistsException: "There is an account with this e-mail address already. Sign in instead, or set a new password.",
  CodeMismatchException: "That is not the code of the newest mail. Look at it again, or have another one sent.",
  ExpiredCodeException: "The code is too old, or was used already. Have another one sent.",
  LimitExceededException: "That was tried too often. Wait a quarter of an hour, then try again.",
  TooManyRequestsException: "There is a crowd at the door. Try again in a moment.",
  TooManyFailedAttemptsException: "That was tried too often. Wait a quarter of an hour, then have another code sent.",
  CodeDeliveryFailureException: "The mail could not be sent. Look at the address again, or try later.",
  PasswordResetRequiredException: "This account needs a new password first. Have a code sent with “Forgot the password?”.",
  ChallengeUnknown: "This account asks for a step that this page does not know. Ask an operator to set a password for it.",
  Unreachable: "Signing in does not work at the moment. Check your connection, or try again in a little while.",
};

/** @param {import("../cognito.js").CognitoError} error @returns {string} */
export function accountWords(error) {
  if (error.name === "NotAuthorizedException") return notAuthorized(error.message);
  if (error.name === "InvalidPasswordException") return `This password is too weak. ${conditions(error.message)}`;
  if (error.name === "InvalidParameterException") return "The pool does not take this as it is. Look at the address and the password again.";
  return WORDS[error.name] ?? "That did not work. Try again in a moment.";
}

/** One name for several refusals; only the message tells them apart. */
function notAuthorized(message) {
  if (/attempts exceeded/i.test(message)) return "Too many wrong passwords. Wait a quarter of an hour, or set a new one.";
  if (/sign.?up is not permitted/i.test(message)) return "This shop opens no accounts by itself. Ask an operator for one.";
  if (/disabled/i.test(message)) return "This account is closed. Ask an operator about it.";
  if (/current status is confirmed/i.test(message)) return "This address is confirmed already. Sign in.";
  return WORDS.UserNotFoundException;
}

/** "Password did not conform with policy: Password not long enough" */
const conditions = (message) => `${message.split(":").pop().trim().replace(/\.?$/, ".")} Make it longer, with capitals, digits and signs.`;
