/**
 * A scanner that is a keyboard, anywhere on the page.
 *
 * Scanners send keys, or, through an input method, text without any key: Android's DataWedge among them. The
 * latter needs something that takes text, so a field that nobody sees has the focus while no other has it; it
 * shows no keyboard on the screen. What a person types into a field is left alone.
 */
import { keysUntilNow } from "./before";
import { type Heard, type Key, Keys, type Options, STANDARD } from "./keys";

// A timer that comes later than that, in milliseconds, says that the page was busy.
const LATE = 20;

/** Call `onCode` with each code that is scanned, until what is returned is called. */
export function listen(
  target: Window,
  onCode: (code: string) => void,
  options: Partial<Options> = {},
): () => void {
  const keys = new Keys({ ...STANDARD, ...options });
  const field = catcher(target.document);
  const stop = new AbortController();
  let pause = 0;

  const waitForEnd = () => {
    const since = target.performance.now();
    const { wait } = keys;
    target.clearTimeout(pause);
    pause = target.setTimeout(() => {
      // While the page was busy, keys may have come that it has not heard yet: it hears them before the next timer.
      if (target.performance.now() - since > wait + LATE) waitForEnd();
      else tell(keys.pause(Number.POSITIVE_INFINITY));
    }, wait + 1);
  };
  const hear = (event: Event, heard: Heard) => {
    // A key that comes up says nothing, and must not keep a code from ending.
    if (heard.kind !== "nothing") {
      waitForEnd();
      // Nothing on the page may take a scanner's keys for a person's: its Enter would press a button.
      const isScanner = heard.kind !== "part" || keys.isFast;
      if (isScanner) event.stopImmediatePropagation();
      // What goes into our own field would be heard once more, as text.
      if (isScanner || event.target === field) event.preventDefault();
    }
    tell(heard);
  };
  const tell = (heard: Heard) => {
    field.value = "";
    if (heard.kind === "code") onCode(heard.code);
  };

  // The time of an event is when its key was pressed, however late a busy page hears of it.
  const on = (name: string, hears: (event: never) => void) =>
    target.addEventListener(name, hears as EventListener, { capture: true, signal: stop.signal });
  const down = (event: KeyboardEvent): Heard => {
    // What an input method makes of it comes as text. A person's Enter or Tab, and keys for the browser, are theirs.
    const isTheirs = event.isComposing || event.repeat || ["Unidentified", "Process"].includes(event.key);
    return isTheirs ? { kind: "nothing" } : keys.down(event as Key, event.timeStamp);
  };
  on("keydown", (event: KeyboardEvent) => {
    if (isTypedInto(event, field)) return keys.forget();
    hear(event, down(event));
  });
  on("keyup", (event: KeyboardEvent) => {
    if (!isTypedInto(event, field)) hear(event, keys.up(event as Key, event.timeStamp));
  });
  on("beforeinput", (event: InputEvent) => {
    if (isTypedInto(event, field)) return;
    const text = event.inputType === "insertLineBreak" ? "\n" : event.data;
    if (text) hear(event, keys.input(text, event.timeStamp));
    event.preventDefault();
  });
  // Composed text cannot be prevented: it is in the field when it comes.
  on("compositionend", (event: CompositionEvent) => {
    if (!isTypedInto(event, field) && event.data) hear(event, keys.input(event.data, event.timeStamp));
  });
  on("focusout", () => target.setTimeout(() => keepFocus(target.document, field)));
  // What was tapped would keep the focus, and a text without keys would have nowhere to go.
  on("click", (event: MouseEvent) => {
    if (event.detail > 0) target.setTimeout(() => takeFocus(target.document, field));
  });
  keepFocus(target.document, field);

  const early = keysUntilNow(target)
    .map((event) => (event.type === "keyup" ? keys.up(event as Key, event.timeStamp) : down(event)))
    .filter((heard) => heard.kind === "code");
  // The screen that is to hear them begins to listen in this moment, too.
  target.setTimeout(() => early.forEach(tell));
  if (!keys.isIdle) waitForEnd();

  return () => {
    stop.abort();
    target.clearTimeout(pause);
    field.remove();
  };
}

const TEXTUAL = /^(?:text|search|tel|url|email|password|number|date|time|datetime-local|month|week)$/;

/** Tell whether something on the page takes text from people. */
export function takesText(element: EventTarget | null): boolean {
  const one = element as (HTMLElement & { type?: string; readOnly?: boolean; disabled?: boolean }) | null;
  if (!one?.tagName) return false;
  if (one.isContentEditable || one.tagName === "TEXTAREA" || one.tagName === "SELECT") return true;
  return one.tagName === "INPUT" && TEXTUAL.test(one.type ?? "text") && !one.readOnly && !one.disabled;
}

function isTypedInto(event: Event, field: HTMLElement): boolean {
  const [target = event.target] = event.composedPath();
  return target !== field && takesText(target);
}

/** Make the field that takes what comes without a key. */
function catcher(document: Document): HTMLInputElement {
  const field = document.createElement("input");
  field.setAttribute("aria-hidden", "true");
  field.setAttribute("data-scanner", "");
  field.tabIndex = -1;
  field.inputMode = "none";
  field.autocomplete = "off";
  field.style.cssText =
    "position:fixed;inset:0 auto auto 0;width:1px;height:1px;opacity:0;pointer-events:none;border:0";
  document.body.append(field);
  return field;
}

/** Give the field the focus where no other field has it. */
function takeFocus(document: Document, field: HTMLElement): void {
  if (!takesText(document.activeElement)) field.focus({ preventScroll: true });
}

/** Give the field the focus where nothing else has it. */
function keepFocus(document: Document, field: HTMLElement): void {
  if (document.activeElement === document.body || document.activeElement === null)
    field.focus({ preventScroll: true });
}
