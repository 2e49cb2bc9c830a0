import { useState } from "react";
import { t } from "../i18n";
import { Button, Pad } from "../parts/controls";
import { useBack } from "../parts/go";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { left } from "../tasks/order";
import type { Picking } from "./use-picking";

const MOST_DIGITS = 5;

/** How often the next scan counts. */
export function QuantityPage({ picking }: { picking: Picking }) {
  const at = `/task/${picking.task.task_id}`;
  const back = useBack(at);
  const [typed, setTyped] = useState("");
  function choose(digits: string) {
    setTyped(digits);
    // At once: whoever scans without another tap means what is on the screen.
    picking.setTimes(Math.max(1, Number(digits)));
  }
  function take(count: number) {
    picking.setTimes(count);
    back();
  }
  const times = Number(typed);
  const rest = picking.line ? left(picking.line) : 0;
  return (
    <Screen title={t("quantity.title")} back={at}>
      <label className={parts.field}>
        {t("quantity.how")}
        <input
          value={typed}
          inputMode="none"
          autoComplete="off"
          onInput={(event) => choose(event.currentTarget.value.replace(/\D/g, "").slice(0, MOST_DIGITS))}
        />
      </label>
      <Pad value={typed} onChange={choose} most={MOST_DIGITS} />
      <Button main full disabled={times < 1} onClick={() => take(times)}>
        {t("quantity.take", { count: Math.max(1, times) })}
      </Button>
      {rest > 1 && (
        <Button full onClick={() => take(rest)}>
          {t("quantity.all", { count: rest })}
        </Button>
      )}
      <p className={parts.empty}>{t("quantity.means")}</p>
    </Screen>
  );
}
