// Works on tasks of a real gateway at random, by the heart of the worker's application: a run is a line of JSON in,
// and one out. In between it asks for processes to be killed, and says where a run is. The tests run it (tests/e2e/test_worker_app_at_random.py).
import { createInterface } from "node:readline";
import { close, load } from "./worker-modules.mjs";

const { whereIs, workAtRandom } = await load("testing/at-random");
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const runs = [];
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if ("where" in asked) say({ seed: asked.where, where: whereIs(asked.where) });
  else runs.push(workAtRandom(asked, (part) => say({ kill: part })).then(say));
}
await Promise.all(runs);
await close();
