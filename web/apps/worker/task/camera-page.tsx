/** The camera as a scanner: what it sees counts, one code after the other, until it is left. */

import { number } from "kit/i18n/format";
import { Flashlight } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { AnswerBar } from "../answer/answer-bar";
import { t } from "../i18n";
import { Button, Notice } from "../parts/controls";
import { Go } from "../parts/go";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import type { Camera } from "../scanner/camera";
import { left } from "../tasks/order";
import { Actions } from "./actions";
import styles from "./camera.module.css";
import type { Picking } from "./use-picking";

export default function CameraPage({ picking }: { picking: Picking }) {
  const { task, line, voice, times } = picking;
  const at = `/task/${task.task_id}`;
  const video = useRef<HTMLVideoElement>(null);
  const { camera, failure } = useCamera(video, (code) => void picking.scan(code));
  return (
    <Screen title={t("camera.title")} back={at} foot={<Actions picking={picking} />}>
      <AnswerBar voice={voice} times={times} />
      {failure === null ? (
        <video ref={video} className={styles.video} playsInline muted aria-label={t("camera.aim")} />
      ) : (
        <Notice tone="bad" title={t("camera.failed")} urgent>
          <p>{failure}</p>
          <Go href={`${at}/code`} className={`${parts.button} ${parts.full}`}>
            {t("camera.type")}
          </Go>
        </Notice>
      )}
      {camera?.hasTorch && <Torch camera={camera} />}
      {line && (
        <p className={styles.next}>
          {t("camera.next", {
            location: line.location ?? t("line.no_location"),
            sku: line.sku,
            left: number(left(line)),
          })}
        </p>
      )}
    </Screen>
  );
}

function Torch({ camera }: { camera: Camera }) {
  const [isOn, setOn] = useState(false);
  async function turn() {
    await camera.light(!isOn);
    setOn(!isOn);
  }
  return (
    <Button full aria-pressed={isOn} onClick={() => void turn().catch(() => {})}>
      <Flashlight aria-hidden size={24} /> {t("camera.torch")}
    </Button>
  );
}

/** The camera, shown in `video` for as long as this is on the screen; or why it cannot be. */
function useCamera(video: { current: HTMLVideoElement | null }, onCode: (code: string) => void) {
  const [camera, setCamera] = useState<Camera | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const latest = useRef(onCode);
  latest.current = onCode;
  useEffect(() => {
    let isHere = true;
    let opened: Camera | null = null;
    async function begin(shown: HTMLVideoElement) {
      const { open } = await import("../scanner/camera");
      if (!isHere) return;
      opened = await open(shown, {
        onCode: (code) => latest.current(code),
        onFailure: (said) => setFailure(sentence(said)),
      });
      // Who left meanwhile is not filmed.
      if (isHere) setCamera(opened);
      else opened.close();
    }
    if (video.current) begin(video.current).catch((reason) => isHere && setFailure(sentence(reason)));
    return () => {
      isHere = false;
      opened?.close();
    };
  }, [video]);
  return { camera, failure };
}

const REASONS = {
  NotAllowedError: "not_allowed",
  SecurityError: "not_allowed",
  NotFoundError: "not_found",
  OverconstrainedError: "not_found",
  NotReadableError: "in_use",
  AbortError: "in_use",
} as const;

/** Why there is no camera, in a sentence. */
function sentence(reason: unknown): string {
  const { name, message } = reason instanceof Error ? reason : { name: "", message: String(reason) };
  // A page that is not served by HTTPS has no cameras at all.
  if (!navigator.mediaDevices) return t("camera.why.not_allowed");
  const known = REASONS[name as keyof typeof REASONS];
  if (known) return t(`camera.why.${known}`);
  return t("camera.why.other", { said: /[.!?]$/.test(message) ? message : `${message}.` });
}
