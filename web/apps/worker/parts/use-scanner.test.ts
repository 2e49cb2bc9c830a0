import { expect, test } from "vitest";
import { shared } from "./use-scanner";

/** A scanner that tells how many listen to it. */
function scanner() {
  const listening = new Set<(code: string) => void>();
  const listen = shared((onCode) => {
    listening.add(onCode);
    return () => listening.delete(onCode);
  });
  const scan = (code: string) => {
    for (const onCode of listening) onCode(code);
  };
  return { listening, listen, scan };
}

test("who began to listen last hears a code, and nobody else", () => {
  const { listening, listen, scan } = scanner();
  const heard: string[] = [];
  listen((code) => heard.push(`below ${code}`));
  const stop = listen((code) => heard.push(`above ${code}`));
  scan("1");
  stop();
  scan("2");
  expect(heard).toEqual(["above 1", "below 2"]);
  expect(listening.size).toBe(1);
});

test("with nobody left the scanner is let go", () => {
  const { listening, listen } = scanner();
  const stops = [listen(() => {}), listen(() => {})];
  for (const stop of stops) stop();
  expect(listening.size).toBe(0);
  listen(() => {});
  expect(listening.size).toBe(1);
});
