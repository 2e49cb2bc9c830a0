/** Buttons, notices and fields, as large as a thumb in a glove. */
import { CircleAlert, CircleCheck, Delete, Info, TriangleAlert } from "lucide-react";
import type { ButtonHTMLAttributes, ReactNode } from "react";
import { t } from "../i18n";
import styles from "./parts.module.css";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** The one thing that is most likely wanted here. */
  main?: boolean;
  full?: boolean;
}

export const buttonClass = ({ main, full }: { main?: boolean; full?: boolean } = {}) =>
  [styles.button, main && styles.main, full && styles.full].filter(Boolean).join(" ");

export function Button({ main, full, ...rest }: ButtonProps) {
  return <button type="button" {...rest} className={buttonClass({ main, full })} />;
}

export type Tone = "plain" | "ok" | "warn" | "bad";

const SYMBOLS = { plain: Info, ok: CircleCheck, warn: TriangleAlert, bad: CircleAlert };

interface NoticeProps {
  tone: Tone;
  title?: string;
  /** Say it at once to those who do not see it. */
  urgent?: boolean;
  children?: ReactNode;
}

/** Something to know. */
export function Notice({ tone, title, urgent, children }: NoticeProps) {
  const Symbol_ = SYMBOLS[tone];
  return (
    <div className={`${styles.notice} ${styles[tone]}`} role={urgent ? "alert" : undefined}>
      <Symbol_ aria-hidden size={28} />
      <div>
        {title && <h2>{title}</h2>}
        {children}
      </div>
    </div>
  );
}

/** What came in the way, if something did. */
export function Failed({ error }: { error: string | null }) {
  if (!error) return null;
  return (
    <Notice tone="bad" urgent>
      <p>{error}</p>
    </Notice>
  );
}

interface ChoiceProps<T extends string> {
  name: string;
  legend: string;
  options: readonly (readonly [T, string])[];
  value: T | null;
  onChange: (value: T) => void;
}

/** One of a few. */
export function Choice<T extends string>({ name, legend, options, value, onChange }: ChoiceProps<T>) {
  return (
    <fieldset className={styles.choices}>
      <legend>{legend}</legend>
      {options.map(([option, words]) => (
        <label key={option}>
          <input type="radio" name={name} checked={value === option} onChange={() => onChange(option)} />
          <span>{words}</span>
        </label>
      ))}
    </fieldset>
  );
}

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

interface PadProps {
  value: string;
  onChange: (value: string) => void;
  /** The most digits that are taken. */
  most: number;
  /** What takes the place beside the zero. */
  children?: ReactNode;
}

/** Digits for a thumb. A keyboard's digits go into the field that it stands below. */
export function Pad({ value, onChange, most, children }: PadProps) {
  const press = (digit: string) => value.length < most && onChange(value + digit);
  return (
    <div className={styles.pad}>
      {[...KEYS].map((digit) => (
        <Button key={digit} onClick={() => press(digit)}>
          {digit}
        </Button>
      ))}
      {children ?? <span />}
      <Button onClick={() => press("0")}>0</Button>
      <Button aria-label={t("app.delete")} onClick={() => onChange(value.slice(0, -1))}>
        <Delete aria-hidden size={30} />
      </Button>
    </div>
  );
}

/** How far something is; `label` says of what. */
export function Progress({ value, most, label }: { value: number; most: number; label: string }) {
  return <progress className={styles.progress} value={value} max={Math.max(1, most)} aria-label={label} />;
}
