/**
 * The camera as a scanner. Loaded when it is asked for: `const { open } = await import("./camera")`.
 *
 * The browser's own reader is taken where there is one that reads all formats; else one in WebAssembly, which the
 * build ships, in a worker. While a frame is read, others are skipped.
 */
import type { Read } from "./reader.worker";
import { FORMATS, fromNative, Repeats } from "./symbols";

export interface CameraOptions {
  /** Called with each code, once while it stays in sight. */
  readonly onCode: (code: string) => void;
  /** Called once, when it cannot go on: another program took the camera, the reader could not be loaded. */
  readonly onFailure: (reason: string) => void;
  /** Milliseconds that a code is out of sight before it counts again. */
  readonly pause?: number;
}

export interface Camera {
  /** There is a light, and it can be switched. */
  readonly hasTorch: boolean;
  light(isOn: boolean): Promise<void>;
  close(): void;
}

/** What reads a frame of a video: the codes in it. */
interface Reader {
  read(video: HTMLVideoElement): Promise<readonly string[]>;
  close(): void;
}

interface Detector {
  detect(image: HTMLVideoElement): Promise<readonly { rawValue: string; format: string }[]>;
}

interface DetectorClass {
  new (options: { formats: readonly string[] }): Detector;
  getSupportedFormats(): Promise<readonly string[]>;
}

// A frame larger than that takes longer, and shows no more of a code that fills half of it.
const WIDTH = 1280;
const HEIGHT = 720;

/**
 * Show the camera in `video` and call back with what it sees.
 *
 * Rejects with the browser's error where there is no camera, or it may not be used: `NotFoundError`,
 * `NotAllowedError`, `NotReadableError`.
 */
export async function open(video: HTMLVideoElement, options: CameraOptions): Promise<Camera> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: "environment", width: { ideal: WIDTH }, height: { ideal: HEIGHT } },
  });
  const [track] = stream.getVideoTracks();
  let reader: Reader | null = null;
  let isOpen = true;
  const close = () => {
    isOpen = false;
    for (const one of stream.getTracks()) one.stop();
    reader?.close();
    video.srcObject = null;
  };
  const fail = (reason: string) => {
    if (!isOpen) return;
    close();
    options.onFailure(reason);
  };
  try {
    video.srcObject = stream;
    video.muted = true;
    video.playsInline = true;
    await video.play();
    reader = (await native()) ?? wasm();
  } catch (error) {
    close();
    throw error;
  }
  track?.addEventListener("ended", () => fail("The camera was taken by another program, or taken away."));
  const repeats = new Repeats(options.pause ?? 1500);
  const look = async (with_: Reader) => {
    while (isOpen) {
      await nextFrame(video);
      if (!isOpen) return;
      const codes = await with_.read(video);
      if (!isOpen) return;
      for (const code of repeats.look(codes, performance.now())) options.onCode(code);
    }
  };
  look(reader).catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
  const abilities = track?.getCapabilities?.() as { torch?: boolean } | undefined;
  return {
    hasTorch: abilities?.torch === true,
    light: async (isOn) =>
      track?.applyConstraints({ advanced: [{ torch: isOn } as MediaTrackConstraintSet] }),
    close,
  };
}

/** Wait for a frame that has not been seen. */
function nextFrame(video: HTMLVideoElement): Promise<void> {
  return new Promise((resolve) => {
    if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(() => resolve());
    else setTimeout(resolve, 50);
  });
}

async function native(): Promise<Reader | null> {
  const detectors = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
  const wanted = Object.values(FORMATS);
  const known = new Set(await detectors?.getSupportedFormats().catch(() => []));
  if (!detectors || wanted.some((format) => !known.has(format))) return null;
  const detector = new detectors({ formats: wanted });
  return {
    read: async (video) =>
      (await detector.detect(video)).map(({ rawValue, format }) => fromNative(rawValue, format)),
    close: () => {},
  };
}

function wasm(): Reader {
  const worker = new Worker(new URL("./reader.worker.ts", import.meta.url), { type: "module" });
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("This browser gives no picture of the camera.");
  return {
    read: (video) => {
      const scale = Math.min(1, WIDTH / Math.max(video.videoWidth, video.videoHeight, 1));
      canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
      canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
      context.drawImage(video, 0, 0, canvas.width, canvas.height);
      const frame = context.getImageData(0, 0, canvas.width, canvas.height);
      return new Promise((resolve, reject) => {
        worker.onmessage = ({ data }: MessageEvent<Read>) =>
          "failed" in data ? reject(new Error(data.failed)) : resolve(data.codes);
        worker.onerror = () => reject(new Error("The reader of codes could not be loaded."));
        worker.postMessage(frame, [frame.data.buffer]);
      });
    },
    close: () => worker.terminate(),
  };
}
