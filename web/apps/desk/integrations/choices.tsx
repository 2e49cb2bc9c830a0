import { Checkbox } from "@mantine/core";
import { choosing } from "../parts/choosing";
import classes from "./integrations.module.css";

interface Props<One extends string> {
  label: string;
  all: readonly One[];
  chosen: readonly One[];
  words: (one: One) => string;
  onChoose: (chosen: One[]) => void;
}

/** Some of a few, by their boxes. */
export function Choices<One extends string>({ label, all, chosen, words, onChoose }: Props<One>) {
  const { toggle } = choosing(all, new Set(chosen), (is) => onChoose(all.filter((one) => is.has(one))));
  return (
    <fieldset className={classes.choices}>
      <legend>{label}</legend>
      {all.map((one) => (
        <Checkbox key={one} label={words(one)} checked={chosen.includes(one)} onChange={() => toggle(one)} />
      ))}
    </fieldset>
  );
}
