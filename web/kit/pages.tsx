/** The pages of an application: which address opens which, and whose code is fetched when. */
import { type ComponentType, lazy, Suspense, useState } from "react";
import { Route, type StringRouteParams, Switch } from "wouter";
import { ErrorBoundary } from "./shell/error-boundary";
import { PageLoading } from "./shell/page";

/** A page, at the addresses that fit its pattern. */
export interface AppPage {
  path: string | RegExp;
  /** Gets what the pattern finds in the address. */
  component: ComponentType<Record<string, string | undefined>>;
  load: () => Promise<unknown>;
}

/** A page whose code is fetched when it is wanted, or when somebody is about to want it. */
export function page<Path extends string>(
  path: Path,
  fetch: () => Promise<{ default: ComponentType<StringRouteParams<Path>> }>,
): AppPage {
  return { path, ...coded(fetch as () => Promise<{ default: AppPage["component"] }>) };
}

/** A page whose code is there from the start. */
export function readyPage(path: AppPage["path"], component: AppPage["component"]): AppPage {
  return { path, component, load: async () => {} };
}

/**
 * `lazy`, but without a placeholder where the code is there already. React shows one even then, and what it has
 * once shown it leaves for 300 ms.
 */
function coded(fetch: () => Promise<{ default: AppPage["component"] }>): Omit<AppPage, "path"> {
  let there: AppPage["component"] | null = null;
  const load = async () => {
    const code = await fetch();
    there = code.default;
    return code;
  };
  const Later = lazy(load);
  const component: AppPage["component"] = (props) => {
    // Chosen once: another component in its place would lose what the first one holds.
    const [Chosen] = useState(() => there ?? Later);
    return <Chosen {...props} />;
  };
  return { component, load };
}

interface Props {
  pages: AppPage[];
  /** What is at all other addresses. */
  otherwise: ComponentType;
}

/** The page whose address is open; it says so while its code is on the way, and where it breaks. */
export function Pages({ pages, otherwise }: Props) {
  return (
    <ErrorBoundary>
      <Suspense fallback={<PageLoading />}>
        <Switch>
          {pages.map(({ path, component: Page }) => (
            <Route key={String(path)} path={path}>
              {(params: Record<string, string | undefined>) => <Page {...params} />}
            </Route>
          ))}
          <Route component={otherwise} />
        </Switch>
      </Suspense>
    </ErrorBoundary>
  );
}

const first = (path: string) => path.split("/")[1];

/** Whether an address is one of the page's, or of others beside it: `/silences/new` is beside `/silences/1/edit`. */
export function isAt({ path: own }: AppPage, path: string): boolean {
  return typeof own === "string" ? first(own) === first(path) : own.test(path);
}

/**
 * Have the code of the page at an address fetched, if it is not here. Where that fails, the page itself says so
 * when it opens.
 */
export async function preload(pages: AppPage[], path: string): Promise<void> {
  try {
    await pages.find((one) => isAt(one, path))?.load();
  } catch {
    // It is tried again then.
  }
}
