import { expect, test } from "vitest";
import { hasStarted, startCookie } from "./start";

const who = (role: "worker" | "supervisor" | "admin") => ({ username: "ana", role });

test("whoever picks in a browser begins there", () => {
  const begins = "magacin_start=/app/; Path=/; Max-Age=31536000; SameSite=Lax";
  expect(startCookie({ person: who("worker"), enrolled: false })).toBe(begins);
  expect(startCookie({ person: who("supervisor"), enrolled: true })).toBe(begins);
});

test("a supervisor begins at the desk", () => {
  const desk = "magacin_start=/desk/; Path=/; Max-Age=31536000; SameSite=Lax";
  expect(startCookie({ person: who("supervisor"), enrolled: false })).toBe(desk);
  expect(startCookie({ person: who("admin"), enrolled: false })).toBe(desk);
});

test("where nobody is logged in the choice of before holds", () => {
  expect(startCookie({ person: null, enrolled: true })).toBeNull();
});

test("who began at the desk has picked nothing here", () => {
  expect(hasStarted("theme=dark; magacin_start=/app/")).toBe(true);
  expect(hasStarted("theme=dark; magacin_start=/desk/")).toBe(false);
});
