/** Answers operations one after the other, and the same one always alike. */
import { answerOf, type Ledger } from "./ledger";
import type { Answer, Operation } from "./operations";
import { decideScan } from "./scan";
import { decideShortage } from "./shortage";
import { decideUndo } from "./undo";

/** Answer an operation made at `at` (milliseconds since 1970): as it was answered before, or anew. */
export function decide(ledger: Ledger, operation: Operation, at: number): Answer {
  const earlier = ledger.recorded.get(operation.operation_id);
  if (earlier)
    return isSame(earlier.operation, operation) ? earlier.answer : answerOf(operation, "operation_id_reused");
  if (operation.kind === "scan") return decideScan(ledger, operation, at);
  if (operation.kind === "shortage") return decideShortage(ledger, operation, at);
  return decideUndo(ledger, operation, at);
}

/** Tell whether two operations ask for the same. The version that a scan was made on is none of that. */
function isSame(one: Operation, other: Operation): boolean {
  const asked = (operation: Operation) => {
    const {
      version: _,
      line_id = null,
      pieces = null,
      ...rest
    } = { ...operation } as Record<string, unknown>;
    return JSON.stringify(Object.entries({ ...rest, line_id, pieces }).sort());
  };
  return asked(one) === asked(other);
}
