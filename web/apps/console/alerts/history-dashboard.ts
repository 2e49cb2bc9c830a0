/** The timeline of alerts, as a dashboard's file would have it. */

const STATES = {
  1: { text: "pending", color: "orange", index: 0 },
  2: { text: "firing", color: "red", index: 1 },
};

/** Of one alert, or of all but the one that always fires. */
export function historyDashboard(name: string | null) {
  const which = name === null ? 'severity!="none"' : `alertname=${JSON.stringify(name)}`;
  const by = name === null ? "alertname, service" : "service, instance";
  const state = (value: string) => `max by (${by}) (ALERTS{${which},alertstate="${value}"})`;
  return {
    title: "Alerts",
    // Beside an alert that fires now the steps are to be short, so that it is seen in its own history.
    time: { from: name === null ? "now-6h" : "now-3h", to: "now" },
    refresh: "30s",
    panels: [
      {
        id: 1,
        type: "state-timeline",
        title: name ?? "Alerts",
        gridPos: { x: 0, y: 0, w: 24, h: 10 },
        targets: [
          {
            refId: "A",
            expr: `2 * ${state("firing")} or ${state("pending")}`,
            legendFormat: name === null ? "{{alertname}} · {{service}}" : "{{service}} {{instance}}",
          },
        ],
        options: { showValue: "never", rowHeight: 0.75, mergeValues: true, legend: { showLegend: true } },
        fieldConfig: {
          defaults: {
            noValue: "Nothing fired in this time.",
            custom: { fillOpacity: 80 },
            mappings: [{ type: "value", options: STATES }],
          },
          overrides: [],
        },
      },
    ],
  };
}
