import { Button, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Page, PageLoading } from "kit/shell/page";
import type { FormEvent } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { getSilence, type Matcher, type Silence } from "../api/alerting";
import { EndField, endProblemOf } from "./end-field";
import { ExpireButton } from "./expire-button";
import { emptyMatcher, MatcherFields } from "./matcher-fields";
import { parseMatchers, problemOf } from "./matchers";
import { Preview } from "./preview";
import classes from "./silence-form.module.css";
import { type Draft, SILENCES, useDraft, useSave } from "./use-silence";

/** A new silence, or one that is to be changed. */
export default function SilenceForm({ id }: { id?: string | undefined }) {
  const [search] = useSearchParams();
  const silence = useQuery({
    queryKey: ["alertmanager", "silence", id],
    queryFn: ({ signal }) => getSilence(id ?? "", signal),
    enabled: id !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (id === undefined) {
    const matchers = parseMatchers(search.get("filter") ?? "") ?? [];
    return <Form known={null} matchers={matchers.length > 0 ? matchers : [emptyMatcher()]} />;
  }
  if (silence.error) {
    return (
      <Page title="The silence cannot be shown">
        <p role="alert">{silence.error.message}</p>
        <Link href={SILENCES}>All silences</Link>
      </Page>
    );
  }
  if (!silence.data) return <PageLoading />;
  return <Form key={id} known={silence.data} matchers={silence.data.matchers} />;
}

function Form({ known, matchers }: { known: Silence | null; matchers: Matcher[] }) {
  const over = known?.status.state === "expired";
  const changed = over ? null : known;
  const [, go] = useLocation();
  const [draft, change] = useDraft(known, changed, matchers);
  const save = useSave(changed);
  const filled = draft.matchers.filter(({ name, value }) => name !== "" || value !== "");
  const problem = problemOf(filled);
  const wrong = problem !== null || endProblemOf(draft.end) !== null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!wrong) save.mutate({ ...draft, matchers: filled });
  };
  return (
    <Page
      title={known === null ? "New silence" : over ? "Silence again" : "Change the silence"}
      actions={changed && <ExpireButton id={changed.id} onDone={() => go(SILENCES)} />}
    >
      <form className={classes.form} onSubmit={submit}>
        <MatcherFields
          matchers={draft.matchers}
          onChange={(matchers) => change({ matchers })}
          problem={problem}
        />
        <EndField end={draft.end} onChange={(end) => change({ end })} />
        <Reason draft={draft} onChange={change} />
        {save.error && (
          <p className={classes.problem} role="alert">
            {save.error.message}
          </p>
        )}
        <div className={classes.buttons}>
          <Button type="submit" loading={save.isPending} disabled={wrong}>
            {changed ? "Save" : "Silence"}
          </Button>
          <Button component={Link} href={SILENCES} variant="default">
            Cancel
          </Button>
        </div>
      </form>
      {problem === null && <Preview matchers={filled} />}
    </Page>
  );
}

interface ReasonProps {
  draft: Draft;
  onChange: (changes: Partial<Draft>) => void;
}

/** Who silences it, and why. */
function Reason({ draft, onChange }: ReasonProps) {
  return (
    <>
      <TextInput
        label="Your name"
        value={draft.author}
        onChange={(event) => onChange({ author: event.currentTarget.value })}
        autoComplete="name"
        required
      />
      <Textarea
        label="Why"
        description="Whoever is woken next reads this."
        value={draft.comment}
        onChange={(event) => onChange({ comment: event.currentTarget.value })}
        autosize
        minRows={2}
        required
      />
    </>
  );
}
