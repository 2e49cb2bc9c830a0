/** Opening and closing all rows at once, from the keyboard. */

let handler: ((collapsed: boolean) => void) | null = null;

/** Say what opens and closes the rows of the dashboard that is shown. */
export function onRowCommand(next: (collapsed: boolean) => void): void {
  handler = next;
}

export function commandRows(collapsed: boolean): void {
  handler?.(collapsed);
}
