/** Has the gateway's front page lead here, in a browser in which somebody has logged in here. */

// The gateway knows it by this name, and sends nobody anywhere but to addresses that it knows.
const COOKIE = "magacin_start=/desk/; Path=/; Max-Age=31536000; SameSite=Lax";

export function beginHere(): void {
  // The Cookie Store API is not there where the page came without HTTPS.
  // biome-ignore lint/suspicious/noDocumentCookie: see above
  document.cookie = COOKIE;
}
