/** What this device is to the gateway: enrolled by a supervisor, or known no longer. */
import type { Device } from "../store/records";
import type { Store } from "../store/store";
import { Refused } from "../sync/gateway";
import { WorkError } from "../work/work";

export class Enrolment {
  device: Device | null = null;
  /** Whether the gateway has said that it does not know this device any more. */
  isRefused = false;

  constructor(
    private readonly store: Store,
    private readonly changed: () => void,
  ) {}

  async load(): Promise<void> {
    this.device = (await this.store.setting("device")) ?? null;
  }

  async become(device: Device): Promise<void> {
    await this.store.putSetting("device", device);
    this.device = device;
    this.isRefused = false;
    this.changed();
  }

  /** Do something as a device; where the gateway does not know that any more, it is forgotten here too. */
  async as<T>(device: Device | null, what: () => Promise<T>): Promise<T> {
    try {
      return await what();
    } catch (error) {
      if (device && isDeviceRefused(error)) await this.forget(device);
      throw error;
    }
  }

  deviceOrThrow(): Device {
    if (!this.device) {
      throw new WorkError(
        "not_enrolled",
        "This device is not enrolled. A supervisor logs in on it by password, and enrols it.",
      );
    }
    return this.device;
  }

  private async forget({ device_id, secret }: Device): Promise<void> {
    const kept = await this.store.setting("device");
    // Another tab may have enrolled it anew meanwhile.
    const isKept = kept?.device_id === device_id && kept.secret === secret;
    if (isKept) await this.store.putSetting("device", null);
    await this.load();
    this.isRefused = this.device === null;
    this.changed();
  }
}

/** As the gateway is told of a device. */
export const named = ({ device_id, secret }: Device) => ({ device_id, device_secret: secret });

export const isDeviceRefused = (error: unknown) =>
  error instanceof Refused && error.code === "device_refused";
