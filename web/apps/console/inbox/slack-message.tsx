import { formatTime } from "kit/common/calendar";
import { number, record, records, text } from "../dashboard/model/json";
import { safeUrl } from "../dashboard/model/url-state";
import { type Piece, readMrkdwn } from "./mrkdwn";
import classes from "./slack-message.module.css";

const COLORS: Record<string, string> = { good: "#2eb886", warning: "#daa038", danger: "#a30200" };

/** A message about as Slack shows it. */
export function SlackMessage({ payload }: { payload: unknown }) {
  const message = record(payload);
  return (
    <div className={classes.message}>
      <p className={classes.head}>
        <strong>{text(message.username, "Slack")}</strong> in {text(message.channel)}
      </p>
      {text(message.text) && <Mrkdwn source={text(message.text)} />}
      {records(message.attachments).map((attachment, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: attachments have no other name
        <Attachment key={index} attachment={attachment} />
      ))}
    </div>
  );
}

function Attachment({ attachment }: { attachment: Record<string, unknown> }) {
  const color = text(attachment.color);
  const title = text(attachment.title);
  const href = safeUrl(text(attachment.title_link));
  const sent = number(attachment.ts);
  return (
    <div className={classes.attachment} style={{ borderLeftColor: COLORS[color] ?? color }}>
      {title && (
        <p className={classes.title}>
          {href ? (
            <a href={href} target="_blank" rel="noopener noreferrer">
              {title}
            </a>
          ) : (
            title
          )}
        </p>
      )}
      <Mrkdwn source={text(attachment.text)} />
      <p className={classes.footer}>
        {text(attachment.footer)} {sent !== undefined && formatTime(sent * 1000)}
      </p>
    </div>
  );
}

function Mrkdwn({ source }: { source: string }) {
  return (
    <div className={classes.text}>
      {readMrkdwn(source).map((piece, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text never change places
        <Part key={index} piece={piece} />
      ))}
    </div>
  );
}

function Part({ piece }: { piece: Piece }) {
  if (piece.kind === "bold") return <strong>{piece.text}</strong>;
  if (piece.kind === "code") return <code>{piece.text}</code>;
  if (piece.kind === "text") return <>{piece.text}</>;
  return (
    <a href={piece.href} target="_blank" rel="noopener noreferrer">
      {piece.text}
    </a>
  );
}
