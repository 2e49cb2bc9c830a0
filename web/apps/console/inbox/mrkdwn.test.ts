import { expect, test } from "vitest";
import { readMrkdwn } from "./mrkdwn";

test("markup is taken apart", () => {
  expect(readMrkdwn("*Too &lt;many&gt;* at `h:1` · <http://x/y?a=1&amp;b=2|Runbook>")).toEqual([
    { kind: "bold", text: "Too <many>" },
    { kind: "text", text: " at " },
    { kind: "code", text: "h:1" },
    { kind: "text", text: " · " },
    { kind: "link", href: "http://x/y?a=1&b=2", text: "Runbook" },
  ]);
});

test.each(["<javascript:alert(1)|x>", "2 * 3 * 4\n* 5", "<b>"])("%s stays text", (source) => {
  expect(readMrkdwn(source).every(({ kind }) => kind === "text" || kind === "bold")).toBe(true);
});
