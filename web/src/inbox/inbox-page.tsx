import { Page } from "../shell/page";

export default function InboxPage() {
  return <Page title="Inbox">{null}</Page>;
}
