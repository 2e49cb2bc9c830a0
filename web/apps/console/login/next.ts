/** Where to go after logging in: an address of ours, whatever the link to the login page says. */
export function localPath(next: string | null): string {
  if (!next) return "/";
  const url = new URL(next, "http://here.invalid/");
  const ours = url.host === "here.invalid" && url.pathname.startsWith("/") && !url.pathname.startsWith("//");
  if (!ours || url.pathname === "/login") return "/";
  return `${url.pathname}${url.search}${url.hash}`;
}
