/** Slack's own markup, as far as our templates use it: *bold*, `code`, <address|words>. */

export type Piece =
  | { kind: "text"; text: string }
  | { kind: "bold"; text: string }
  | { kind: "code"; text: string }
  | { kind: "link"; text: string; href: string };

const MARKUP = /<(https?:\/\/[^|>\s]+)(?:\|([^>]*))?>|\*([^*\n]+)\*|`([^`\n]+)`/g;

/** Take a text apart; what is no markup stays text, so nothing of it is ever HTML. */
export function readMrkdwn(source: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of source.matchAll(MARKUP)) {
    if (match.index > at) pieces.push({ kind: "text", text: unescaped(source.slice(at, match.index)) });
    const [whole, href, words, bold, code] = match;
    if (href) pieces.push({ kind: "link", href: unescaped(href), text: unescaped(words || href) });
    else if (bold) pieces.push({ kind: "bold", text: unescaped(bold) });
    else pieces.push({ kind: "code", text: unescaped(code ?? "") });
    at = match.index + whole.length;
  }
  if (at < source.length) pieces.push({ kind: "text", text: unescaped(source.slice(at)) });
  return pieces;
}

function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
