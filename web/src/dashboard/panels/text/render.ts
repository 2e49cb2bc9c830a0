import DOMPurify from "dompurify";
import { marked } from "marked";

const purify = DOMPurify(window);

purify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName !== "A") return;
  const away = !(node.getAttribute("href") ?? "").startsWith("/");
  if (away) node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer");
});

/** Markdown or HTML to markup without scripts, styles, forms or frames. */
export function renderText(source: string, mode: string): string {
  const html = mode === "html" ? source : marked.parse(source, { async: false, gfm: true, breaks: false });
  return purify.sanitize(html, {
    USE_PROFILES: { html: true },
    FORBID_TAGS: ["style", "form", "input", "button", "iframe", "video", "audio"],
    FORBID_ATTR: ["style"],
  });
}
