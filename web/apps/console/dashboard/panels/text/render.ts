/** Markdown and HTML of a dashboard's author, with nothing in it that could run, be sent, or be styled. */
import { marked } from "marked";

const ELEMENTS =
  "a b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li ol p pre s small span strong sub summary sup table tbody td tfoot th thead tr u ul".split(
    " ",
  );
const ATTRIBUTES = "align alt colspan height href open rowspan src start title width".split(" ");

// Younger than the types that TypeScript brings along.
declare global {
  interface Element {
    setHTML?(html: string, options: { sanitizer: Sanitizer }): void;
  }
}

/** Put the text into an element. */
export async function renderInto(element: Element, source: string, mode: string): Promise<void> {
  const html = mode === "html" ? source : marked.parse(source, { async: false, gfm: true });
  const clean = document.createElement("div");
  await setSafely(clean, html);
  for (const link of clean.querySelectorAll("a[href]")) prepareLink(link);
  // A long line scrolls, by the keyboard too.
  for (const code of clean.querySelectorAll("pre")) code.tabIndex = 0;
  element.replaceChildren(...clean.childNodes);
}

/** By the browser's own sanitiser; one that has none yet gets DOMPurify. */
async function setSafely(element: Element, html: string): Promise<void> {
  if (element.setHTML && typeof Sanitizer === "function") {
    element.setHTML(html, { sanitizer: new Sanitizer({ elements: ELEMENTS, attributes: ATTRIBUTES }) });
    return;
  }
  const { default: purify } = await import("dompurify");
  element.append(
    purify.sanitize(html, {
      ALLOWED_TAGS: ELEMENTS,
      ALLOWED_ATTR: ATTRIBUTES,
      ALLOW_DATA_ATTR: false,
      RETURN_DOM_FRAGMENT: true,
    }),
  );
}

function prepareLink(link: Element): void {
  if (link.getAttribute("href")?.startsWith("/")) return;
  link.setAttribute("target", "_blank");
  link.setAttribute("rel", "noopener noreferrer");
}
