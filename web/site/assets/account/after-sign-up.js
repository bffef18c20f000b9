/** The password of somebody who has just signed up, kept in memory until the code is in, so that they need not type it again. */

let remembered = null;

export const rememberPassword = (email, password) => (remembered = { email, password });

export function passwordOf(email) {
  const password = remembered?.email === email ? remembered.password : null;
  return password;
}

export const forgetPassword = () => (remembered = null);
