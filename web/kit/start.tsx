/** What every application begins with: styles, theme, queries. */
import "@mantine/core/styles.css";
import "@fontsource-variable/inter";
import "./theme/tokens.css";
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/client";
import { colorSchemes, theme } from "./theme/theme";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What the other side refused it will refuse again; what was away is asked again by whoever refreshes.
      retry: (failures, error) =>
        failures < 1 && error instanceof ApiError && error.temporary && !error.hangs,
      retryDelay: 500,
      refetchOnWindowFocus: false,
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

/** Show the application. */
export function start(application: ReactNode): void {
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html has no #root");
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        colorSchemeManager={colorSchemes}
        defaultColorScheme="auto"
        withCssVariables={false}
        withGlobalClasses={false}
      >
        <QueryClientProvider client={queries}>{application}</QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
