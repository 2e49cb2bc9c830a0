import { Page } from "../shell/page";

export default function TargetsPage() {
  return <Page title="Targets">{null}</Page>;
}
