import { number } from "kit/i18n/format";
import { Fragment } from "react";
import { t } from "../i18n";
import type { Pack } from "../work/work";
import { inPacks, type Part } from "./packs";
import styles from "./packs-picture.module.css";

/** So many are counted at a glance; more than that are one with a number. */
const GLANCE = { each: 10, inner: 6, case: 6, pallet: 3 };

/** How much to take, in packs: drawn, and in words. */
export function PacksPicture({ quantity, packs }: { quantity: number; packs: Pack[] }) {
  const parts = inPacks(quantity, packs);
  return (
    <figure className={styles.figure}>
      <figcaption>
        <span className={styles.quantity}>{number(quantity)}</span>{" "}
        <span className={styles.words}>
          {t("pack.pieces", { count: quantity })}
          {parts.some(({ level }) => level !== "each") && (
            <strong>
              {parts.map((part, at) => (
                <Fragment key={part.pieces}>
                  {at > 0 && " + "}
                  {words(part)}
                </Fragment>
              ))}
            </strong>
          )}
        </span>
      </figcaption>
      <div className={styles.picture} aria-hidden>
        {parts.map((part) => (
          <Drawn key={part.pieces} part={part} />
        ))}
      </div>
    </figure>
  );
}

function words({ level, pieces, count }: Part): string {
  const times = number(count);
  return level === "each" ? times : t(`pack.${level}`, { times, pieces: number(pieces) });
}

function Drawn({ part: { level, pieces, count } }: { part: Part }) {
  const shown = count > GLANCE[level] ? 1 : count;
  return (
    <span className={styles.group}>
      {Array.from({ length: shown }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <span key={at} className={`${styles.pack} ${styles[level]}`}>
          {pieces > 1 && number(pieces)}
        </span>
      ))}
      {shown < count && <span className={styles.times}>× {number(count)}</span>}
    </span>
  );
}
