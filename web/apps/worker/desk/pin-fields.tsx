/** A new PIN, typed twice: what was mistyped unseen would lock its owner out. */
import { t } from "../i18n";
import parts from "../parts/parts.module.css";
import { FEWEST_DIGITS, MOST_DIGITS, pinFault } from "./pins";

export interface NewPin {
  pin: string;
  again: string;
}
export const NO_PIN: NewPin = { pin: "", again: "" };

/** What is wrong with it, in a sentence; null where nothing is. */
export function pinSentence({ pin, again }: NewPin): string | null {
  const fault = pinFault(pin);
  if (fault) return t(`pin.${fault}`, { fewest: FEWEST_DIGITS, most: MOST_DIGITS });
  return pin === again ? null : t("pin.differ");
}

interface Props {
  value: NewPin;
  onChange: (value: NewPin) => void;
}

export function PinFields({ value, onChange }: Props) {
  return (
    <>
      <SecretField
        label={t("pin.new")}
        value={value.pin}
        onChange={(pin) => onChange({ ...value, pin })}
        digits
      />
      <SecretField
        label={t("pin.again")}
        value={value.again}
        onChange={(again) => onChange({ ...value, again })}
        digits
      />
    </>
  );
}

interface SecretProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  digits?: boolean;
  /** It is one that somebody has already. */
  current?: boolean;
}

export function SecretField({ label, value, onChange, digits, current }: SecretProps) {
  return (
    <label className={parts.field}>
      {label}
      <input
        required
        type="password"
        inputMode={digits ? "numeric" : "text"}
        autoComplete={current ? "current-password" : "new-password"}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    </label>
  );
}
