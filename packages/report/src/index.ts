export { htmlOf, type PageParts } from './lib/html.js';
export { reportOf, type ReportedComparison, type ReportSide } from './lib/report.js';
export type { EncodedTree, Kind, ProblemData, ReportData, ReportFile, SideData } from './lib/report-data.js';
