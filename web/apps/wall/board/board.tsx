/** The board: what waits, what is worked on, what is late, what was done today and how fast. */
import { number } from "kit/i18n/format";
import { t } from "../i18n";
import type { Shown } from "../screen/screen";
import { timeOf } from "../screen/site-time";
import type { Access, Wall } from "../screen/types";
import classes from "./board.module.css";
import { portionAt } from "./pages";

interface Props {
  shown: Shown;
  access: Access;
  now: number;
}

const PEOPLE = 8;
/** A whole name has a line to itself. */
const NAMES = 4;

/** Of figures, and how wide their places are, in hundredths of the height; how wide a digit is of its height. */
const LARGEST = 16;
const TILE = 37;
const PANEL = 58;
const DIGIT = 0.66;

export function Board({ shown: { wall, staleSince }, access, now }: Props) {
  return (
    <div className={classes.board}>
      <Head name={access.name} zone={wall?.time_zone} staleSince={staleSince} now={now} />
      {wall && (
        <>
          <div className={classes.tiles}>
            <Tile words={t("board.queue")} value={wall.queue.tasks} />
            <Tile words={t("board.in_work")} value={wall.in_work.tasks} />
            <Tile words={t("board.late")} value={wall.late} tone={wall.late > 0 ? classes.bad : undefined} />
            <Tile
              words={t("board.late_soon")}
              value={wall.will_be_late}
              tone={wall.will_be_late ? classes.warn : undefined}
            />
          </div>
          <div className={classes.below}>
            <Today wall={wall} />
            <People wall={wall} now={now} />
          </div>
        </>
      )}
    </div>
  );
}

interface HeadProps {
  name: string;
  zone: string | undefined;
  staleSince: number | null;
  now: number;
}

function Head({ name, zone, staleSince, now }: HeadProps) {
  return (
    <header className={staleSince === null ? classes.head : `${classes.head} ${classes.stale}`}>
      {staleSince === null ? (
        <h1 className={classes.name}>{name}</h1>
      ) : (
        <h1 className={classes.name} role="alert">
          {t("state.stale", { time: timeOf(staleSince, now, zone) })}
        </h1>
      )}
      <time className={classes.clock}>{timeOf(now, now, zone)}</time>
    </header>
  );
}

interface TileProps {
  words: string;
  value: number | null;
  tone?: string | undefined;
}

function Tile({ words, value, tone }: TileProps) {
  return (
    <section className={tone ? `${classes.tile} ${tone}` : classes.tile}>
      <Value words={value === null ? t("board.unknown") : String(value)} room={TILE} />
      <h2 className={classes.words}>{words}</h2>
    </section>
  );
}

/** A figure as large as there is room for, in hundredths of the height. */
function Value({ words, room }: { words: string; room: number }) {
  const size = Math.min(LARGEST, room / (words.length * DIGIT));
  return (
    <p className={classes.value} style={{ fontSize: `calc(var(--u) * ${size.toFixed(2)})` }}>
      {words}
    </p>
  );
}

function Today({ wall: { today, missing_since, time_zone, at } }: { wall: Wall }) {
  const since = missing_since === null ? null : timeOf(Date.parse(missing_since), Date.parse(at), time_zone);
  return (
    <section className={classes.panel}>
      <Value words={number(today.pieces)} room={PANEL} />
      <h2 className={classes.words}>{t("board.pieces_today", { count: today.pieces })}</h2>
      <p className={classes.words}>
        {since
          ? t("state.missing", { time: since })
          : t("board.per_hour", { pace: written(today.pieces_per_hour) })}
      </p>
    </section>
  );
}

function People({ wall: { at_work, names, people }, now }: { wall: Wall; now: number }) {
  if (names === "none")
    return (
      <section className={classes.panel}>
        <Value words={number(at_work)} room={PANEL} />
        <h2 className={classes.words}>{t("board.at_work")}</h2>
      </section>
    );
  const { items, page, pages } = portionAt(people, names === "names" ? NAMES : PEOPLE, now);
  return (
    <section className={classes.panel}>
      <h2 className={classes.title}>
        <span>{t("board.pace")}</span>
        {pages > 1 && <span>{`${page}/${pages}`}</span>}
      </h2>
      <ul className={names === "names" ? `${classes.people} ${classes.whole}` : classes.people}>
        {items.map((person, at) => (
          // Two people may have the same initials.
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <li key={at} className={classes.person}>
            <span className={classes.who}>{person.name}</span>
            <span className={classes.pace}>{written(person.pieces_per_hour)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function written(pace: number | null): string {
  return pace === null ? t("board.unknown") : number(pace);
}
