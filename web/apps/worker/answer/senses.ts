/** What is heard and felt: tones that the page makes itself, and the device's own vibration. */
import { preferences } from "../settings/preferences";
import { type Kind, LOOKS, type Look } from "./looks";

let context: AudioContext | null = null;

// To make one takes longer than an answer may, and a browser wants to be touched before. The first key is often a
// scanner's, and the rest of the code is not to be kept waiting; in milliseconds.
const BEHIND_A_CODE = 400;
for (const event of ["pointerdown", "keydown"])
  addEventListener(event, () => setTimeout(listening, BEHIND_A_CODE), { once: true });

function listening(): AudioContext {
  context ??= new AudioContext({ latencyHint: "interactive" });
  if (context.state === "suspended") void context.resume();
  return context;
}

/** Let it be heard and felt, as far as that is wanted here. */
export function signal(kind: Kind): void {
  const { silent, volume, vibrate } = preferences();
  if (!silent && volume > 0) sound(LOOKS[kind], volume);
  // Not every device has it, and a browser that was not touched yet refuses: the other senses remain.
  if (vibrate) navigator.vibrate?.(LOOKS[kind].vibration);
}

/** Loud edges click: each note comes and goes within this many seconds. */
const EDGE = 0.008;

function sound({ wave, notes }: Look, volume: number): void {
  const context = listening();
  const gain = context.createGain();
  gain.gain.value = 0;
  gain.connect(context.destination);
  const oscillator = context.createOscillator();
  oscillator.type = wave;
  oscillator.connect(gain);
  const loud = volume * (wave === "sine" || wave === "triangle" ? 0.9 : 0.4);
  let at = context.currentTime;
  oscillator.start(at);
  for (const [hertz, milliseconds] of notes) {
    const end = at + milliseconds / 1000;
    if (hertz > 0) {
      oscillator.frequency.setValueAtTime(hertz, at);
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(loud, at + EDGE);
      gain.gain.setValueAtTime(loud, end - EDGE);
      gain.gain.linearRampToValueAtTime(0, end);
    }
    at = end;
  }
  oscillator.stop(at);
}
