import { expect, test } from "vitest";
import { filesIn, versionIn } from "./version";

const page = (script: string, style: string) =>
  `<script src="/wall/assets/early-X.js"></script><script src="/wall/assets/${script}"></script>
   <link href="/wall/assets/${style}">`;

test("a page is another where a script or a style sheet is", () => {
  const here = filesIn(page("index-A1_b-.js", "index-C.css"));
  expect(filesIn(page("index-A1_b-.js", "index-C.css"))).toBe(here);
  expect(filesIn(page("index-Z.js", "index-C.css"))).not.toBe(here);
  expect(filesIn(page("index-A1_b-.js", "index-Z.css"))).not.toBe(here);
  expect(versionIn(here)).toBe("A1_b-");
});

test("what is no page of ours names nothing", () => {
  expect(filesIn("<h1>Log in to this Wi-Fi</h1>")).toBe("");
  expect(versionIn("")).toBe("none");
});
