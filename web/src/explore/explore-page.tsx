import { Page } from "../shell/page";

export default function ExplorePage() {
  return <Page title="Explore">{null}</Page>;
}
