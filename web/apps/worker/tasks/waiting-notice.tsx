import { time } from "kit/i18n/format";
import { t } from "../i18n";
import { Button, Notice } from "../parts/controls";
import { useNow } from "../parts/use-now";
import { useWork, useWorkState } from "../work/context";

/** How much of mine waits to be sent, and since when. */
export function WaitingNotice() {
  const { waiting, person, online } = useWorkState("waiting", "person", "online");
  const now = useNow();
  const mine = waiting.find(({ owner }) => owner === person?.username);
  const isOffline = online === false;
  if (!isOffline && !mine) return null;
  return (
    <Notice tone="warn" title={isOffline ? t("waiting.offline") : t("waiting.sending")}>
      <p>
        {mine
          ? t("waiting.count", { count: mine.count, time: time(mine.since, now) })
          : t("waiting.nothing_waits")}
      </p>
    </Notice>
  );
}

/** A newer version is here; it is taken over when somebody says so. */
export function UpdateNotice() {
  const work = useWork();
  const { update_waits } = useWorkState("update_waits");
  if (!update_waits) return null;
  return (
    <Notice tone="plain" title={t("update.title")}>
      <p>{t("update.means")}</p>
      <Button full onClick={() => work.update()}>
        {t("update.now")}
      </Button>
    </Notice>
  );
}
