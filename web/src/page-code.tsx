import { type ComponentType, lazy, useState } from "react";

/** A page whose code is fetched when it is wanted, or when somebody is about to want it. */
export type CodedPage<Props> = ComponentType<Props> & { load: () => Promise<unknown> };

/**
 * `lazy`, but without a placeholder where the code is there already. React shows one even then, and what it has
 * once shown it leaves for 300 ms.
 */
export function page<Props extends object>(
  fetch: () => Promise<{ default: ComponentType<Props> }>,
): CodedPage<Props> {
  let there: ComponentType<Props> | null = null;
  const load = async () => {
    const code = await fetch();
    there = code.default;
    return code;
  };
  const Later = lazy(load) as unknown as ComponentType<Props>;
  function Page(props: Props) {
    // Chosen once: another component in its place would lose what the first one holds.
    const [Chosen] = useState(() => there ?? Later);
    return <Chosen {...props} />;
  }
  return Object.assign(Page, { load });
}
