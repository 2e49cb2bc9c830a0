const measurer = document.createElement("canvas").getContext("2d");

/** The size of letters at which a text fits into a box, in pixels. */
export function fitText(text: string, width: number, height: number, most: number, weight = 600): number {
  const probe = 100;
  if (!measurer) return Math.min(most, height);
  measurer.font = `${weight} ${probe}px "Inter Variable", system-ui, sans-serif`;
  const byWidth = (width / Math.max(1, measurer.measureText(text).width)) * probe;
  return Math.max(10, Math.min(most, byWidth, height / 1.15));
}
