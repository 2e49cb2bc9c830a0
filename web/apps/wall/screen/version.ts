/** Which build a page is of: the files that it names, whose names have a hash of what is in them. */

export function filesIn(html: string): string {
  return [...new Set(html.match(/\/assets\/[\w.-]+\.(?:js|css)/g))].sort().join(" ");
}

/** What the desk is told of it: the hash in the name of the first script. */
export function versionIn(files: string): string {
  return /index-([\w-]+)\.js/.exec(files)?.[1] ?? "none";
}
