import { expect, test } from "vitest";
import { changeUrl } from "./change-url";

test("changed, the rest left alone", () => {
  const changed = changeUrl(new URLSearchParams("from=1&var-s=a&x=y"), { "var-s": ["b", "c"], from: null });
  expect(changed.toString()).toBe("x=y&var-s=b&var-s=c");
});
