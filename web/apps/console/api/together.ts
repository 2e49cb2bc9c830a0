/** Queries that are asked at the same time go in one request, and each is answered as soon as it is known. */
import { asApiError, requestLines, unavailable } from "kit/api/client";

interface Query {
  path: "query" | "query_range";
  form: Record<string, string>;
}

interface Waiting {
  query: Query;
  resolve: (answer: unknown) => void;
  reject: (error: unknown) => void;
}

interface Line {
  at: number;
  status: number;
  answer: unknown;
}

// As many as the console takes at once.
const MOST = 200;

let waiting: Waiting[] = [];

/** Ask with all others that are asked before the browser has a moment. */
export function askTogether<T>(query: Query): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (waiting.length === 0) setTimeout(send);
    waiting.push({ query, resolve: resolve as (answer: unknown) => void, reject });
  });
}

function send(): void {
  const all = waiting;
  waiting = [];
  for (let from = 0; from < all.length; from += MOST) void sendSome(all.slice(from, from + MOST));
}

async function sendSome(some: Waiting[]): Promise<void> {
  let failure: unknown;
  try {
    const json = some.map(({ query }) => query);
    await requestLines<Line>(
      "/api/prometheus/queries",
      { method: "POST", json },
      ({ at, status, answer }) => {
        if (status < 400) some[at]?.resolve(answer);
        else some[at]?.reject(asApiError(status, answer));
      },
    );
  } catch (error) {
    // One of fetch itself is an answer that broke off.
    failure = error instanceof TypeError ? undefined : error;
  }
  // Those that have their answer do not hear of it.
  for (const { reject } of some) reject(failure ?? unavailable());
}
