import { expect, test } from "vitest";
import { pinFault } from "./pins";

test.each([
  ["402817", null],
  ["112233", null],
  ["40281", "digits"],
  ["4028170000001", "digits"],
  ["40281a", "digits"],
  ["٤٠٢٨١٧", "digits"],
  ["", "digits"],
  ["777777", "easy"],
  ["123456", "easy"],
  ["890123", "easy"],
  ["654321", "easy"],
  ["109876", "easy"],
])("%s is %s", (pin, fault) => {
  expect(pinFault(pin)).toBe(fault);
});
