import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { reportRecovery, useOutage } from "../api/health";
import { get } from "../api/prometheus";
import classes from "./outage-banner.module.css";

const NAMES: Record<string, string> = {
  prometheus_unavailable: "Prometheus does not answer.",
  console_unavailable: "The console itself does not answer.",
};

/** Says that Prometheus (or the console) is away, asks until it is back, and then has everything asked anew. */
export function OutageBanner({ onRecovery }: { onRecovery: () => void }) {
  const outage = useOutage();
  const away = outage !== null && outage.code in NAMES;
  const probe = useQuery({
    queryKey: ["outage", "prometheus"],
    queryFn: ({ signal }) => get<unknown>("status/buildinfo", undefined, signal),
    enabled: away,
    refetchInterval: 2000,
    retry: false,
    gcTime: 0,
    staleTime: 0,
  });
  const recovered = useRef(onRecovery);
  recovered.current = onRecovery;
  const back = away && probe.isSuccess && probe.fetchStatus === "idle";
  useEffect(() => {
    if (!back) return;
    reportRecovery();
    recovered.current();
  }, [back]);

  if (!away) return null;
  return (
    <div className={classes.banner} role="alert">
      <strong>{NAMES[outage.code]}</strong> What is shown is as it was last seen; it goes on by itself.
    </div>
  );
}
