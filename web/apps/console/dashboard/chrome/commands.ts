/** Commands of the keyboard to the panel under the pointer, or the one that has the focus. */

export type PanelCommand = "view" | "explore" | "inspect";

const handlers = new Map<string, (command: PanelCommand) => void>();

/** Receive the commands to one panel, until the returned function is called. */
export function onPanelCommand(key: string, handler: (command: PanelCommand) => void): () => void {
  handlers.set(key, handler);
  return () => {
    if (handlers.get(key) === handler) handlers.delete(key);
  };
}

/** Send a command to the panel that is meant; false where none is. */
export function commandPanel(command: PanelCommand): boolean {
  const focused = document.activeElement?.closest<HTMLElement>("[data-panel]");
  const meant = focused ?? document.querySelector<HTMLElement>("[data-panel]:hover");
  const handler = handlers.get(meant?.dataset.panel ?? "");
  handler?.(command);
  return handler !== undefined;
}
