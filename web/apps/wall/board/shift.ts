/** Where the picture stands: never for long in the same place, or a screen keeps its shadow for ever. */

const REACH = 0.8;

/** How far it is moved at a moment (milliseconds), in hundredths of the height; a step a minute. */
export function shiftAt(moment: number): { x: number; y: number } {
  const minute = Math.floor(moment / 60_000);
  const round = (value: number) => Math.round(value * 100) / 100;
  return {
    x: round(REACH * Math.sin((2 * Math.PI * minute) / 60)),
    y: round(REACH * Math.sin((2 * Math.PI * minute) / 17)),
  };
}
