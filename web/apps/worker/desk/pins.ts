/** Which PINs the gateway takes. */
export const FEWEST_DIGITS = 6;
export const MOST_DIGITS = 12;

const RUN = "01234567890123456789";
const BACK = [...RUN].reverse().join("");

/** What is wrong with a PIN that somebody chose; null where nothing is. */
export function pinFault(pin: string): "digits" | "easy" | null {
  if (!/^[0-9]+$/.test(pin) || pin.length < FEWEST_DIGITS || pin.length > MOST_DIGITS) return "digits";
  if (new Set(pin).size === 1 || RUN.includes(pin) || BACK.includes(pin)) return "easy";
  return null;
}
