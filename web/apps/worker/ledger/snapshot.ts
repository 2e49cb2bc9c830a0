/**
 * What a device holds of the work of one person, as `GET /api/picking` answers it: enough to judge what is done
 * as the server would.
 *
 * `exceptions` are what makes the device's answer the server's. A code has several readings, and the first that
 * is some article's decides (docs/scanning.md). The device has the codes of the articles in its tasks alone, so
 * an earlier reading may be the SKU or barcode of an article that it does not have. Of every other article,
 * `exceptions` must hold each SKU and each barcode for which some code exists that
 *
 * - has it as a reading before the reading that is a code of an article held, or
 * - finds it without regard to case beside, or before, a code of an article held.
 *
 * More of them do no harm, as long as they are other articles' and each is of its kind: a barcode is looked for
 * by the GTIN in a code, a SKU is not. With them, a code is found to mean an article held, counts for the same
 * pieces and for the same line, exactly where the server finds that too. What is another article's, or nobody's,
 * is `not_in_task` here, where the server tells the two apart; several codes in one are `several_codes` here, where
 * the server says `not_in_task` of those that are as a whole another article's code.
 *
 * Two kinds of codes cannot be settled by exceptions, because any article's code may stand in them. A message of
 * ISO/IEC 15434 with several part numbers means the first that somebody knows: it counts on the device by its
 * first part number only. And a label whose lot ends with digits that are a GTIN is two labels in one where some
 * article has that GTIN: on the device it is, where the device knows that one; else it counts there, and the server
 * may refuse it as `several_codes`.
 *
 * Which codes those are, is worked out by tasks/picking/exceptions.py.
 */
import type { CodeSettings } from "../codes/rules";
import type { Article, Task } from "../work/work";

/** A task as `GET /api/tasks/{task_id}` gives it. */
export interface HeldTask extends Task {
  completed_at?: string | null;
}

export interface Settings extends CodeSettings {
  /** How long after a task was closed something of it can be taken back. */
  readonly undo_seconds: number;
  /** What is to be scanned besides an article. A server of before says nothing of it, and asks for nothing. */
  readonly confirm_totes?: boolean;
  readonly confirm_locations?: boolean;
}

export interface Exceptions {
  readonly skus: readonly string[];
  readonly barcodes: readonly string[];
}

export interface Snapshot {
  /** When the server read it, in ISO 8601. */
  readonly taken_at: string;
  /** Whose tasks they are. */
  readonly worker: string;
  readonly settings: Settings;
  readonly tasks: readonly HeldTask[];
  /** The articles of the tasks, with every barcode as it is kept: a GTIN has 14 digits. */
  readonly articles: readonly Article[];
  readonly exceptions: Exceptions;
}
