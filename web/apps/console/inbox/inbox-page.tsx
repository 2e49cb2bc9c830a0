import { SegmentedControl } from "@mantine/core";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { request } from "kit/api/client";
import { formatTime } from "kit/common/calendar";
import { changeUrl } from "kit/common/change-url";
import { StateChip } from "kit/common/chip";
import { Since } from "kit/common/since";
import { Trouble } from "kit/common/trouble";
import { Page, PageLoading } from "kit/shell/page";
import { useSearchParams } from "wouter";
import { toneOf } from "../alerts/order";
import classes from "./inbox-page.module.css";
import { SlackMessage } from "./slack-message";

export interface Message {
  id: number;
  kind: "email" | "slack" | "heartbeat";
  received_at: string;
  sender: string;
  recipients: string[];
  subject: string;
  text: string;
  html: string;
  payload: unknown;
  severity: string | null;
  status: string | null;
}

const KINDS = [
  { value: "all", label: "Mail and Slack" },
  { value: "email", label: "Mail" },
  { value: "slack", label: "Slack" },
  { value: "heartbeat", label: "Heartbeats" },
];
const MOST_SHOWN = 200;

const messagesQuery = queryOptions({
  queryKey: ["inbox"],
  queryFn: ({ signal }) => request<{ items: Message[] }>("/api/inbox/messages", { signal }),
  refetchInterval: 3000,
});

/** What people would have got: the mails and Slack messages that the inbox of development caught. */
export default function InboxPage() {
  const messages = useQuery(messagesQuery);
  const [search, setSearch] = useSearchParams();
  const kind = search.get("kind") ?? "all";
  const shown = (messages.data?.items ?? [])
    .filter((message) => (kind === "all" ? message.kind !== "heartbeat" : message.kind === kind))
    .reverse()
    .slice(0, MOST_SHOWN);
  const chosen = shown.find(({ id }) => String(id) === search.get("message")) ?? null;
  return (
    <Page
      title="Inbox"
      actions={
        <SegmentedControl
          aria-label="Kind"
          size="xs"
          value={kind}
          onChange={(value) =>
            setSearch(changeUrl(search, { kind: value === "all" ? null : value, message: null }))
          }
          data={KINDS}
        />
      }
    >
      <Trouble error={messages.error} stale={messages.data !== undefined} />
      {messages.data === undefined && !messages.error && <PageLoading />}
      {messages.data && shown.length === 0 && <p role="status">Nothing has come.</p>}
      <div className={classes.columns} data-open={chosen !== null || undefined}>
        <ul className={classes.list} aria-label="Messages">
          {shown.map((message) => (
            <li key={message.id}>
              <button
                type="button"
                className={classes.entry}
                aria-current={message === chosen ? "true" : undefined}
                onClick={() => setSearch(changeUrl(search, { message: String(message.id) }))}
              >
                <span className={classes.entryHead}>
                  <StateChip
                    tone={message.status === "resolved" ? "ok" : toneOf(message.severity ?? undefined)}
                  >
                    {message.kind}
                  </StateChip>
                  <span className={classes.when}>
                    <Since time={message.received_at} suffix=" ago" />
                  </span>
                </span>
                <strong>{message.subject}</strong>
                <span className={classes.to}>to {message.recipients.join(", ") || message.sender}</span>
              </button>
            </li>
          ))}
        </ul>
        {chosen && (
          <Reader message={chosen} onClose={() => setSearch(changeUrl(search, { message: null }))} />
        )}
      </div>
    </Page>
  );
}

function Reader({ message, onClose }: { message: Message; onClose: () => void }) {
  return (
    <article className={classes.reader} aria-label={message.subject}>
      <header>
        <button type="button" className={classes.back} onClick={onClose}>
          Back to the list
        </button>
        <h2>{message.subject}</h2>
        <p className={classes.to}>
          From {message.sender} to {message.recipients.join(", ")},{" "}
          {formatTime(Date.parse(message.received_at))}
        </p>
      </header>
      {message.kind === "slack" && <SlackMessage payload={message.payload} />}
      {message.kind === "heartbeat" && <pre>{JSON.stringify(message.payload, null, 2)}</pre>}
      {message.kind === "email" && message.html !== "" && (
        // An address and no `srcdoc`: the mail has a policy of its own, which keeps its styles and nothing else.
        <iframe
          key={message.id}
          title="The mail"
          className={classes.mail}
          sandbox="allow-popups allow-popups-to-escape-sandbox"
          src={`/api/inbox/messages/${message.id}/html`}
        />
      )}
      {message.kind === "email" && (
        <details open={message.html === ""}>
          <summary>As text</summary>
          <pre>{message.text}</pre>
        </details>
      )}
    </article>
  );
}
