import { ActionIcon, Button, Select, TextInput } from "@mantine/core";
import Plus from "lucide-react/icons/plus";
import X from "lucide-react/icons/x";
import { type Matcher, type Operator, operatorOf } from "../api/alerting";
import classes from "./silence-form.module.css";

const OPERATORS: Operator[] = ["=", "!=", "=~", "!~"];

export const emptyMatcher = (): Matcher => ({ name: "", value: "", isRegex: false, isEqual: true });

interface MatcherFieldsProps {
  matchers: Matcher[];
  onChange: (matchers: Matcher[]) => void;
  problem: string | null;
}

/** Which alerts a silence keeps back. */
export function MatcherFields({ matchers, onChange, problem }: MatcherFieldsProps) {
  return (
    <fieldset className={classes.matchers}>
      <legend>What it keeps back: alerts with all of these labels</legend>
      {matchers.map((matcher, index) => (
        <MatcherRow
          // biome-ignore lint/suspicious/noArrayIndexKey: a row has nothing else to be known by
          key={index}
          matcher={matcher}
          onChange={(changed) => onChange(matchers.with(index, changed))}
          onRemove={() => onChange(matchers.toSpliced(index, 1))}
        />
      ))}
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<Plus size={14} aria-hidden />}
        onClick={() => onChange([...matchers, emptyMatcher()])}
      >
        Another label
      </Button>
      {problem && <p className={classes.problem}>{problem}</p>}
    </fieldset>
  );
}

interface MatcherRowProps {
  matcher: Matcher;
  onChange: (matcher: Matcher) => void;
  onRemove: () => void;
}

function MatcherRow({ matcher, onChange, onRemove }: MatcherRowProps) {
  return (
    <div className={classes.matcher}>
      <TextInput
        aria-label="Label"
        placeholder="alertname"
        value={matcher.name}
        onChange={(event) => onChange({ ...matcher, name: event.currentTarget.value })}
      />
      <Select
        aria-label="Comparison"
        data={OPERATORS}
        value={operatorOf(matcher)}
        allowDeselect={false}
        onChange={(operator) =>
          onChange({ ...matcher, isRegex: operator?.endsWith("~") ?? false, isEqual: operator?.[0] === "=" })
        }
      />
      <TextInput
        aria-label="Value"
        value={matcher.value}
        onChange={(event) => onChange({ ...matcher, value: event.currentTarget.value })}
      />
      <ActionIcon variant="subtle" color="gray" aria-label="Remove this label" onClick={onRemove}>
        <X size={16} aria-hidden />
      </ActionIcon>
    </div>
  );
}
