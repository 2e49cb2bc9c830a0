export { HistogramPanel as default } from "./barchart-panel";
