/**
 * How each answer looks, sounds and feels: no two are alike in any of that, so that one can be told from another
 * with the eyes on the shelf, in gloves, or beside a forklift. The words for them are in i18n/, under `answer`.
 */
import {
  ArrowBigRight,
  Ban,
  Check,
  CheckCheck,
  ChevronsUp,
  CircleQuestionMark,
  Copy,
  HardDrive,
  ListX,
  Lock,
  type LucideIcon,
  MapPinOff,
  PackageMinus,
  PackageX,
  RefreshCw,
  Scale,
  Trophy,
  Undo2,
  UserX,
} from "lucide-react";
import type { Outcome } from "../work/work";

/** What the screen answers to: scans, an undo, a shortage, and what could not be written to the queue. */
export type Kind =
  | Exclude<Outcome, "location_needed" | "tote_needed">
  | "asked" // the half of it is done: a place or a tote is to be scanned, too
  | "undone"
  | "short"
  | "not_kept";

/** A frequency in hertz (0 is a rest), and how long it lasts in milliseconds. */
export type Note = [hertz: number, milliseconds: number];

export interface Look {
  colour: string;
  /** What is written on it: black or white, whichever is read better. */
  ink: "#000000" | "#ffffff";
  symbol: LucideIcon;
  wave: OscillatorType;
  notes: Note[];
  /** Milliseconds on, off, on, … */
  vibration: number[];
}

const BLACK = "#000000";
const WHITE = "#ffffff";

// What counts rises and is short; what is refused falls or stays low, and is longer: nobody has to look to know that.
export const LOOKS: Record<Kind, Look> = {
  picked: look("#5ee08f", BLACK, Check, "sine", [[988, 80]], [40]),
  line_complete: look(
    "#06552b",
    WHITE,
    CheckCheck,
    "sine",
    [
      [784, 80],
      [1175, 140],
    ],
    [60, 50, 60],
  ),
  task_complete: look(
    "#35c8f5",
    BLACK,
    Trophy,
    "sine",
    [
      [659, 90],
      [784, 90],
      [988, 90],
      [1319, 260],
    ],
    [60, 40, 60, 40, 250],
  ),
  unknown_code: look("#8c0012", WHITE, CircleQuestionMark, "square", [[196, 420]], [400]),
  not_in_task: look(
    "#ff9d2e",
    BLACK,
    Ban,
    "square",
    [
      [294, 140],
      [196, 280],
    ],
    [200, 100, 200],
  ),
  more_than_required: look(
    "#ffe74a",
    BLACK,
    ChevronsUp,
    "square",
    [
      [330, 90],
      [0, 50],
      [330, 90],
      [0, 50],
      [330, 90],
    ],
    [90, 60, 90, 60, 90],
  ),
  task_not_open: look(
    "#43484f",
    WHITE,
    Lock,
    "sawtooth",
    [
      [247, 150],
      [185, 150],
      [123, 320],
    ],
    [500, 120, 100],
  ),
  not_your_task: look(
    "#5a1ba8",
    WHITE,
    UserX,
    "sawtooth",
    [
      [220, 100],
      [0, 60],
      [220, 320],
    ],
    [100, 120, 500],
  ),
  not_on_line: look(
    "#ffa3d4",
    BLACK,
    ListX,
    "square",
    [
      [262, 90],
      [349, 90],
      [196, 240],
    ],
    [80, 60, 80, 60, 300],
  ),
  version_conflict: look(
    "#0a3a9e",
    WHITE,
    RefreshCw,
    "triangle",
    [
      [440, 120],
      [330, 120],
      [440, 120],
      [330, 200],
    ],
    [150, 80, 150, 80, 150, 80, 150],
  ),
  several_codes: look(
    "#c7ab93",
    BLACK,
    Copy,
    "sawtooth",
    [
      [165, 90],
      [0, 40],
      [175, 90],
      [0, 40],
      [165, 90],
      [0, 40],
      [175, 90],
    ],
    [50, 50, 50, 50, 50, 50, 300],
  ),
  quantity_conflict: look(
    "#8e0a72",
    WHITE,
    Scale,
    "triangle",
    [
      [523, 140],
      [208, 140],
      [523, 140],
    ],
    [300, 80, 80, 80, 300],
  ),
  wrong_location: look(
    "#1e003c",
    WHITE,
    MapPinOff,
    "sawtooth",
    [
      [311, 160],
      [156, 160],
      [311, 160],
    ],
    [120, 60, 120, 60, 400],
  ),
  wrong_tote: look(
    "#ff7a6b",
    BLACK,
    PackageX,
    "square",
    [
      [415, 80],
      [0, 40],
      [139, 400],
    ],
    [600, 80, 200],
  ),
  asked: look("#9687ff", BLACK, ArrowBigRight, "sine", [[698, 60]], [25]),
  undone: look(
    "#c6d2e2",
    BLACK,
    Undo2,
    "sine",
    [
      [880, 70],
      [587, 70],
    ],
    [30, 40, 30, 40, 30],
  ),
  short: look(
    "#b9bf2f",
    BLACK,
    PackageMinus,
    "sine",
    [
      [587, 110],
      [494, 180],
    ],
    [120, 60, 40],
  ),
  not_kept: look(
    "#000000",
    WHITE,
    HardDrive,
    "square",
    [
      [880, 120],
      [147, 120],
      [880, 120],
      [147, 120],
      [880, 120],
      [147, 300],
    ],
    [700, 100, 700],
  ),
};

function look(
  colour: string,
  ink: Look["ink"],
  symbol: LucideIcon,
  wave: OscillatorType,
  notes: Note[],
  vibration: number[],
): Look {
  return { colour, ink, symbol, wave, notes, vibration };
}

/** Whether something was done: what counts, and what was taken back or reported. */
export function isGood(kind: Kind): boolean {
  return ["picked", "line_complete", "task_complete", "asked", "undone", "short"].includes(kind);
}
