import { ActionIcon, Button, SegmentedControl, Select, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import Plus from "lucide-react/icons/plus";
import X from "lucide-react/icons/x";
import { type FormEvent, useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import {
  getSilence,
  type Matcher,
  matchingAlerts,
  type Operator,
  operatorOf,
  type Silence,
  saveSilence,
} from "../api/alerting";
import { LabelList, StateChip } from "../common/chip";
import { formatTime, parseTime } from "../dashboard/model/time";
import { Page, PageLoading } from "../shell/page";
import { ExpireButton } from "./expire-button";
import { parseMatchers, problemOf } from "./matchers";
import classes from "./silence-form.module.css";

const OPERATORS: Operator[] = ["=", "!=", "=~", "!~"];
const DURATIONS = ["30m", "1h", "2h", "4h", "12h", "1d", "3d"];
const AUTHOR_KEY = "magacin-author";

/** A new silence, or one that is to be changed. */
export default function SilenceForm({ id }: { id: string | null }) {
  const [search] = useSearchParams();
  const silence = useQuery({
    queryKey: ["alertmanager", "silence", id],
    queryFn: ({ signal }) => getSilence(id ?? "", signal),
    enabled: id !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (id === null) {
    const matchers = parseMatchers(search.get("filter") ?? "") ?? [];
    return <Form known={null} matchers={matchers.length > 0 ? matchers : [emptyMatcher()]} />;
  }
  if (silence.error) {
    return (
      <Page title="The silence cannot be shown">
        <p role="alert">{silence.error.message}</p>
        <Link href="/alerts?view=silences">All silences</Link>
      </Page>
    );
  }
  if (!silence.data) return <PageLoading />;
  return <Form key={id} known={silence.data} matchers={silence.data.matchers} />;
}

const emptyMatcher = (): Matcher => ({ name: "", value: "", isRegex: false, isEqual: true });

function Form({ known, matchers: given }: { known: Silence | null; matchers: Matcher[] }) {
  const over = known?.status.state === "expired";
  const changing = known !== null && !over;
  const client = useQueryClient();
  const [, go] = useLocation();
  const [matchers, setMatchers] = useState(given);
  const [end, setEnd] = useState(() => (changing && known ? formatTime(Date.parse(known.endsAt)) : "now+2h"));
  const [author, setAuthor] = useState(known?.createdBy ?? localStorage.getItem(AUTHOR_KEY) ?? "");
  const [comment, setComment] = useState(known?.comment ?? "");
  const filled = matchers.filter(({ name, value }) => name !== "" || value !== "");
  const problem = problemOf(filled);
  const endsAt = parseTime(end, Date.now(), "browser", true);
  const endProblem =
    endsAt === null
      ? "No time, and nothing like now+2h"
      : endsAt <= Date.now()
        ? "That is over already"
        : null;

  const save = useMutation({
    mutationFn: () =>
      saveSilence({
        ...(changing && known && { id: known.id }),
        matchers: filled,
        startsAt: changing && known ? known.startsAt : new Date().toISOString(),
        endsAt: new Date(parseTime(end, Date.now(), "browser", true) ?? 0).toISOString(),
        createdBy: author.trim(),
        comment: comment.trim(),
      }),
    onSuccess: async () => {
      localStorage.setItem(AUTHOR_KEY, author.trim());
      await client.invalidateQueries({ queryKey: ["alertmanager"] });
      go("/alerts?view=silences");
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!problem && !endProblem) save.mutate();
  };

  return (
    <Page
      title={known === null ? "New silence" : over ? "Silence again" : "Change the silence"}
      actions={changing && known && <ExpireButton id={known.id} onDone={() => go("/alerts?view=silences")} />}
    >
      <form className={classes.form} onSubmit={submit}>
        <fieldset className={classes.matchers}>
          <legend>What it keeps back: alerts with all of these labels</legend>
          {matchers.map((matcher, index) => (
            <MatcherRow
              // biome-ignore lint/suspicious/noArrayIndexKey: a row has nothing else to be known by
              key={index}
              matcher={matcher}
              onChange={(changed) => setMatchers(matchers.with(index, changed))}
              onRemove={() => setMatchers(matchers.toSpliced(index, 1))}
            />
          ))}
          <Button
            variant="subtle"
            size="compact-sm"
            leftSection={<Plus size={14} aria-hidden />}
            onClick={() => setMatchers([...matchers, emptyMatcher()])}
          >
            Another label
          </Button>
          {problem && <p className={classes.problem}>{problem}</p>}
        </fieldset>
        <div className={classes.end}>
          <SegmentedControl
            aria-label="How long"
            size="xs"
            value={end.startsWith("now+") ? end.slice(4) : ""}
            onChange={(duration) => setEnd(`now+${duration}`)}
            data={DURATIONS}
          />
          <TextInput
            label="Until"
            description={endsAt && end.startsWith("now") ? formatTime(endsAt) : "A time, or now+2h"}
            value={end}
            error={endProblem}
            onChange={(event) => setEnd(event.currentTarget.value)}
          />
        </div>
        <TextInput
          label="Your name"
          value={author}
          onChange={(event) => setAuthor(event.currentTarget.value)}
          autoComplete="name"
          required
        />
        <Textarea
          label="Why"
          description="Whoever is woken next reads this."
          value={comment}
          onChange={(event) => setComment(event.currentTarget.value)}
          autosize
          minRows={2}
          required
        />
        {save.error && (
          <p className={classes.problem} role="alert">
            {save.error.message}
          </p>
        )}
        <div className={classes.buttons}>
          <Button type="submit" loading={save.isPending} disabled={problem !== null || endProblem !== null}>
            {changing ? "Save" : "Silence"}
          </Button>
          <Button component={Link} href="/alerts?view=silences" variant="default">
            Cancel
          </Button>
        </div>
      </form>
      {problem === null && <Preview matchers={filled} />}
    </Page>
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

function Preview({ matchers }: { matchers: Matcher[] }) {
  const [asked] = useDebouncedValue(matchers, 300);
  const found = useQuery({
    queryKey: ["alertmanager", "matching", asked],
    queryFn: ({ signal }) => matchingAlerts(asked, signal),
    placeholderData: keepPreviousData,
  });
  if (found.error) {
    return (
      <p className={classes.problem} role="alert">
        {found.error.message}
      </p>
    );
  }
  const count = found.data?.length ?? 0;
  return (
    <section className={classes.preview} aria-label="What it keeps back now" aria-live="polite">
      <h2>
        {found.data
          ? `It keeps back ${count === 1 ? "1 alert that fires" : `${count} alerts that fire`} now`
          : "Asking …"}
      </h2>
      <ul>
        {found.data?.map((alert) => (
          <li key={alert.fingerprint}>
            <StateChip tone="quiet">{alert.labels.severity ?? "-"}</StateChip> <b>{alert.labels.alertname}</b>
            <LabelList labels={alert.labels} without={["alertname", "severity"]} />
          </li>
        ))}
      </ul>
    </section>
  );
}
