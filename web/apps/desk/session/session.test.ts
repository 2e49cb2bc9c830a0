import { ApiError } from "kit/api/client";
import { beforeEach, expect, test, vi } from "vitest";
import { Session } from "./session";

let now: number;
let answers: Record<string, () => Response>;
let asked: string[];
let given: number;

/** Tokens of a person; each is another. */
function tokens(role = "supervisor", sub = "vesna"): Response {
  given += 1;
  const claims = btoa(JSON.stringify({ sub, role, given }));
  return Response.json({ access_token: `h.${claims}.s`, refresh_token: `r${given}`, expires_in: 100 });
}
const refused = (status: number, code: string) => () =>
  Response.json({ error: { code, message: code, details: {} } }, { status });
const session = () => new Session(() => now, undefined);

beforeEach(() => {
  now = 0;
  given = 0;
  asked = [];
  answers = { "/api/auth/login": () => tokens(), "/api/auth/refresh": () => tokens() };
  const storage = new Map<string, string>();
  vi.stubGlobal("window", { early: {} });
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => storage.set(key, value),
    removeItem: (key: string) => storage.delete(key),
  });
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    return answers[path]?.() ?? new Response(null, { status: 204 });
  });
});

test("a login lasts over a reload, and ends in every tab", async () => {
  const one = session();
  await one.logIn("vesna", "secret");
  expect(one.person()).toEqual({ username: "vesna", role: "supervisor" });
  const other = session();
  expect(other.person()).toEqual(one.person());
  await one.logOut();
  other.reread();
  expect([one.person(), other.person()]).toEqual([null, null]);
  expect(asked.at(-1)).toBe("/api/auth/logout");
});

test("a token is renewed before it is over, once for all who ask", async () => {
  const one = session();
  await one.logIn("vesna", "secret");
  const first = await one.token();
  now = 80_000;
  const renewed = await Promise.all([one.token(), one.token(), one.token()]);
  expect(new Set(renewed).size).toBe(1);
  expect(renewed[0]).not.toBe(first);
  expect(asked.filter((path) => path === "/api/auth/refresh")).toHaveLength(1);
  const person = one.person();
  await one.token(renewed[0]);
  expect(one.person()).toBe(person);
});

test("what another tab has renewed is used", async () => {
  const one = session();
  await one.logIn("vesna", "secret");
  const other = session();
  now = 80_000;
  const renewed = await other.token();
  expect(await one.token()).toBe(renewed);
  expect(asked.filter((path) => path === "/api/auth/refresh")).toHaveLength(1);
});

test("a login that is over says so, and nobody is logged in", async () => {
  const one = session();
  await one.logIn("vesna", "secret");
  answers["/api/auth/refresh"] = refused(401, "refresh_refused");
  now = 80_000;
  await expect(one.token()).rejects.toMatchObject({ code: "login_needed" });
  expect(one.person()).toBeNull();
});

test("while the gateway is away the token is used for as long as it lasts", async () => {
  const one = session();
  await one.logIn("vesna", "secret");
  const first = await one.token();
  answers["/api/auth/refresh"] = refused(503, "dependency_unavailable");
  now = 80_000;
  expect(await one.token()).toBe(first);
  now = 99_000;
  await expect(one.token()).rejects.toBeInstanceOf(ApiError);
  expect(one.person()).not.toBeNull();
});
