/** What the gateway would answer to supervisors, out of memory. */
import type { Refusal } from "kit/work/refusal";
import type { Colleague, KnownDevice } from "../desk/asks";
import type { Work } from "../work/work";

const MINUTE = 60_000;
const ago = (minutes: number) => new Date(Date.now() - minutes * MINUTE).toISOString();

export function askedInMemory(wanted: URLSearchParams): Work["ask"] {
  let people = peopleOf();
  let devices = devicesOf();
  function change(username: string, by: Partial<Colleague>): null {
    people = people.map((one) => (one.username === username ? { ...one, ...by } : one));
    return null;
  }
  function answer(address: string, method: string, json: { password?: string } | undefined): unknown {
    const [path = "", query = ""] = address.split("?");
    const [, username = "", what] = /^\/api\/users\/([^/]+)\/(pin|badge)$/.exec(path) ?? [];
    if (json?.password === "wrong") throw Object.assign(new Error("No"), { code: "bad_credentials" });
    if (what === "pin") return change(username, { has_pin: method === "PUT" });
    if (what === "badge") {
      change(username, { has_badge: method === "POST" });
      return method === "POST" ? { code: "MGB1QX7T2KD5ZRAB3LMNHVWC6YEJPU" } : null;
    }
    if (path === "/api/workers") return people;
    if (path === "/api/refusals") return refusalsOf(new URLSearchParams(query));
    if (path === "/api/devices") return devices;
    const ended = { active: false, ended_at: ago(0) };
    devices = devices.map((one) => (path.endsWith(one.device_id) ? { ...one, ...ended } : one));
    return null;
  }
  return async (address, isOurs, { method = "GET", json } = {}) => {
    if (wanted.has("offline")) throw Object.assign(new Error("No"), { code: "offline" });
    const body = answer(address, method, json);
    if (!isOurs(body)) throw new Error(`There is nothing at ${address}.`);
    return body;
  };
}

function peopleOf(): Colleague[] {
  const one = (username: string, has_pin: boolean, has_badge: boolean) =>
    ({ username, role: "worker", has_pin, has_badge }) as const;
  return [
    { username: "admin", role: "admin", has_pin: false, has_badge: false },
    one("ana", true, true),
    one("marko", true, false),
    one("mila", false, true),
    one("petar_from_the_night_shift_of_novi_sad", false, false),
    { username: "svetlana", role: "supervisor", has_pin: true, has_badge: false },
  ];
}

function devicesOf(): KnownDevice[] {
  const one = (device_id: string, name: string, more: Partial<KnownDevice>): KnownDevice => ({
    device_id,
    name,
    active: true,
    enrolled_by: "svetlana",
    enrolled_at: ago(60_000),
    ended_at: null,
    last_contact_at: ago(1),
    last_user: "ana",
    app_version: "1",
    queued: [],
    ...more,
  });
  const queue = (username: string, queued: number, minutes: number) => ({
    username,
    queued,
    oldest_at: ago(minutes),
  });
  return [
    one("d1", "Scanner 1", { queued: [queue("ana", 12, 38), queue("marko", 1, 200)] }),
    one("d2", "Zebra TC22, cold store, the one with the cracked back", { last_contact_at: ago(2900) }),
    one("d3", "New phone", { last_contact_at: null, last_user: null }),
    one("d4", "Lost in June", { active: false, ended_at: ago(90_000), queued: [queue("mila", 3, 95_000)] }),
  ];
}

function refusalsOf(query: URLSearchParams): { items: Refusal[]; next_before: string | null } {
  const one = (reason: string, minutes: number, more: Partial<Refusal> = {}): Refusal => ({
    refused_at: ago(minutes),
    worker: "ana",
    reason,
    kind: "scan",
    operation_id: crypto.randomUUID(),
    task_id: 3,
    code: "4006381333931",
    detail: null,
    sku: null,
    picked_at: null,
    refused_as: null,
    handed_in_by: null,
    ...more,
  });
  const all = [
    one("unknown_code", 2),
    one("unknown_code", 9, { worker: "marko" }),
    one("more_than_required", 12, { code: "]C10115012345678907\u001d3712", sku: "SC-PEN" }),
    one("not_your_task", 30, { picked_at: ago(95), handed_in_by: "svetlana", sku: "SC-INK" }),
    one("already_undone", 1500, { kind: "undo", code: null }),
    one("malformed", 3000, { task_id: null, code: null, detail: "quantity: should be greater than 0" }),
  ];
  const [worker, code] = [query.get("worker"), query.get("code")];
  const items = all.filter(
    (each) =>
      (!worker || each.worker === worker) &&
      (!code || each.code === code) &&
      (!query.has("late") || each.picked_at !== null),
  );
  return { items, next_before: query.has("before") || query.size > 1 ? null : "1.1" };
}
