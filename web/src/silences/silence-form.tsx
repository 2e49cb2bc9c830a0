import { Page } from "../shell/page";

export default function SilenceForm(_props: { id: string | null }) {
  return <Page title="Silence">{null}</Page>;
}
