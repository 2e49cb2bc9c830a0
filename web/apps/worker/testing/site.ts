/** Where most tests begin: a task of Ana's, and a device that she may pick it with. */
import { Device } from "./device";
import { TestGateway } from "./gateway";

type Lines = Parameters<TestGateway["addTask"]>[2];

const TWO_LINES: Lines = [
  ["A", 5],
  ["B", 3],
];

/** Start a gateway with task 1 for Ana, and give a device that reaches it. The test stops both. */
export async function siteOfAna(lines: Lines = TWO_LINES): Promise<{ gateway: TestGateway; device: Device }> {
  const gateway = await TestGateway.start();
  gateway.addTask(1, ["ana"], lines);
  return { gateway, device: new Device(gateway) };
}
