/** Waiting for the screen: what is not to be seen comes after what is. */

// Where nothing is painted, as in a tab that nobody sees, no longer than this is waited for it; in milliseconds.
const LONGEST = 250;

/** Do something once what was changed until now is on the screen. */
export function whenPainted(what: () => void): void {
  let isDone = false;
  const once = () => {
    if (!isDone) what();
    isDone = true;
  };
  // What was changed is drawn by a timer that was set before this one. A frame is painted behind what is called before
  // it, and ahead of the next timer.
  setTimeout(() => requestAnimationFrame(() => setTimeout(once)));
  setTimeout(once, LONGEST);
}

/** Do something once what was said until now was seen, and what is heard and felt of it has begun. */
export function whenAnswered(what: () => void): void {
  whenPainted(() => setTimeout(what));
}
