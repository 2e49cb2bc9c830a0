/** What an address can bring along: the device's enrolment, and a badge to log in with. */
import type { Device } from "../store/records";

export interface Brought {
  device: Device | null;
  badge: string | null;
}

/** Read the part of an address after `#`: `device=<id>.<secret>&badge=<code>`. Servers never see that part. */
export function brought(fragment: string): Brought {
  const said = new URLSearchParams(fragment.replace(/^#/, ""));
  const [device_id, ...rest] = (said.get("device") ?? "").split(".");
  const secret = rest.join(".");
  return { device: device_id && secret ? { device_id, secret } : null, badge: said.get("badge") };
}
