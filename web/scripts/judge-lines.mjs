// Reads codes and judges operations by the worker's application: a line of JSON in, a line of JSON out.
// The tests of the server run it, to hold its rules against these (tests/tasks/twins.py).
import { createInterface } from "node:readline";
import { close, load } from "./worker-modules.mjs";

const { readCode } = await load("codes/reading");
const { codeRules } = await load("codes/rules");
const { knownIdentifier } = await load("codes/identifiers");
const { Ledger } = await load("ledger/ledger");
const { decide } = await load("ledger/decide");

const ANSWERS = {
  read: ({ codes, settings }) => codes.map((code) => readCode(code, codeRules(settings))),
  identify: ({ heads }) =>
    heads.map((head) => {
      const known = knownIdentifier(head);
      return known && { ...known, value: known.value.source };
    }),
  judge: ({ snapshot, known, operations }) => {
    const ledger = new Ledger(snapshot, { ...known, done: new Map(Object.entries(known?.done ?? {})) });
    const answers = operations.map(({ at, ...operation }) => decide(ledger, operation, at));
    return { answers, tasks: [...ledger.tasks.values()] };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { kind, ...asked } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(ANSWERS[kind](asked))}\n`);
}
await close();
