/** How a figure changed: direction, size and whether that is good news. Pure. */

// Of a handful, a share says nothing: 1 -> 2 is one more, not a doubling.
const FEW = 20;

/** Whether a figure is no count: its tenths say something, and a share of it would mislead. */
export const isMeasured = (metric) => metric?.kind === "ratio" || metric?.kind === "percentile";

/**
 * `entry` is a baseline, or [baseline, the part of the window that it is compared with], or null.
 * Gives null where there is nothing to compare.
 */
export function compare(value, entry, metric) {
  const [baseline, current] = Array.isArray(entry) ? entry : [entry, value];
  if (baseline === null || baseline === undefined || current === null || current === undefined) return null;
  const delta = current - baseline;
  const direction = Math.sign(isMeasured(metric) ? Math.round(delta * 10) : delta);
  return {
    baseline,
    direction,
    tone: direction === 0 || metric.good === "neutral" ? "plain" : (direction > 0) === (metric.good === "up") ? "good" : "bad",
    ...size(Math.abs(delta), baseline, metric),
  };
}

function size(delta, baseline, metric) {
  if (isMeasured(metric)) return { form: metric.unit_vi === "%" ? "points" : "difference", size: delta };
  return baseline < FEW ? { form: "count", size: delta } : { form: "share", size: delta / baseline };
}
