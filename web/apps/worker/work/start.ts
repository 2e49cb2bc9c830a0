/** Where the gateway's front page leads in this browser: whoever picks here begins here. */
import type { Work, WorkState } from "./work";

// The gateway knows it by this name, and sends nobody anywhere but to addresses that it knows.
const COOKIE = "magacin_start";
const A_YEAR = 31_536_000;

/**
 * What the front page is to do after a login, as a cookie; null where the choice of before holds.
 *
 * Workers pick, and so does everybody on an enrolled device. A supervisor who looked in here from a desk is led back
 * to the application for that.
 */
export function startCookie({ person, enrolled }: Pick<WorkState, "person" | "enrolled">): string | null {
  if (!person) return null;
  const start = person.role === "worker" || enrolled ? "/app/" : "/desk/";
  return `${COOKIE}=${start}; Path=/; Max-Age=${A_YEAR}; SameSite=Lax`;
}

/** Whether the cookies of this browser say that a worker began here. */
export const hasStarted = (cookies: string): boolean => cookies.includes(`${COOKIE}=/app/`);

/** Keep it right, whoever logs in. */
export function keepStart(work: Work): void {
  let before: string | null = null;
  const note = () => {
    const cookie = startCookie(work.state());
    if (cookie === null || cookie === before) return;
    before = cookie;
    // The Cookie Store API is not there where the page came without HTTPS.
    // biome-ignore lint/suspicious/noDocumentCookie: see above
    document.cookie = cookie;
  };
  work.subscribe(note);
  note();
}
