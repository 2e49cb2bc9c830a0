import type { ShownFrame } from "./frames";

/** A frame as RFC 4180 has it; times in ISO 8601. */
export function toCsv(frame: ShownFrame): string {
  const lines = [frame.fields.map((field) => quote(field.title))];
  for (let row = 0; row < frame.length; row += 1) {
    lines.push(frame.fields.map(({ values, type }) => quote(cell(values[row], type))));
  }
  return `${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}

function cell(value: unknown, type: string): string {
  if (value === null || value === undefined) return "";
  if (type === "time" && typeof value === "number") return new Date(value).toISOString();
  return String(value);
}

/** A text that a spreadsheet would take for a formula is kept from being one. */
function quote(text: string): string {
  const safe = /^[=+@]|^-(?![\d.])/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
