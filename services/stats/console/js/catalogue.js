/** Which figures stand together; the server's catalogue says what they are. */

/** A table's columns. A rate stands beside what it is a rate of. */
export const COLUMNS = {
  overview: [
    "patrols_completed",
    "violations_detected",
    "violations_per_1000_patrols",
    "fire_incidents_handled",
    "rescues_handled",
    "security_information_received",
    "security_information_valuable",
    "security_information_valuable_rate",
    "crime_reports_checked",
  ],
  patrols: [
    "patrols_completed",
    "patrols_completed_security",
    "patrols_completed_traffic",
    "participant_turns",
    "patrols_under_way",
    "violations_detected",
    "violations_per_1000_patrols",
    "fire_incidents_handled",
    "rescues_handled",
    "arrests_supported",
  ],
  tips: [
    "security_information_received",
    "security_information_valuable",
    "security_information_valuable_rate",
    "crime_reports_received",
    "crime_reports_checked",
    "crime_reports_verified",
    "crime_reports_verified_rate",
    "crime_reports_refuted",
    "advisory_documents_issued",
  ],
  force: ["teams_active", "members_active", "outreach_sessions", "outreach_attendances"],
  awards: ["awards_conferred", "gifts", "exemplars_honoured", "models_launched", "models_recognised", "models_replicated"],
};

const GROUP_OF_TOPIC = { "tips.v1": "tips", "patrols.v1": "patrols", "incidents.v1": "patrols", "awards.v1": "awards" };

/** The group that a figure is shown in: where the columns name it, else by the topic that feeds it. */
export function groupOf(metric) {
  for (const [group, ids] of Object.entries(COLUMNS)) {
    if (group !== "overview" && ids.includes(metric.id)) return group;
  }
  return GROUP_OF_TOPIC[metric.topic] ?? "other";
}

/** The figures of a city in their groups, in the order in which groups are read. */
export function grouped(metrics) {
  const groups = new Map([["patrols", []], ["force", []], ["tips", []], ["awards", []], ["other", []]]);
  for (const metric of metrics) groups.get(groupOf(metric)).push(metric);
  return [...groups].filter(([, members]) => members.length > 0);
}

/** A rate right after its denominator, wherever both are shown. */
export function ratesBesideCounts(metrics) {
  const counts = metrics.filter((metric) => metric.kind !== "ratio");
  const rates = metrics.filter((metric) => metric.kind === "ratio");
  const placed = counts.flatMap((metric) => [metric, ...rates.filter((rate) => rate.numerator === metric.id)]);
  return [...placed, ...rates.filter((rate) => !placed.includes(rate))];
}

/** What the page follows: the headline figures and every column that the server knows. */
export function followed(metrics) {
  const wanted = new Set(Object.values(COLUMNS).flat());
  return [...metrics.values()].filter((metric) => metric.headline || wanted.has(metric.id)).map((metric) => metric.id);
}

/** Known columns of a set, in order. */
export const columnsOf = (set, metrics) => (COLUMNS[set] ?? COLUMNS.overview).map((id) => metrics.get(id)).filter(Boolean);
