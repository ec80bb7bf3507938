/** Numbers and times as people of the chosen language write them. */
import { lang } from "./address.js";
import { isMeasured } from "./comparison.js";
import { t } from "./words.js";

const ZONE = "Asia/Ho_Chi_Minh";
const LOCALES = { vi: "vi-VN", en: "en-GB" };
const made = new Map();

function intl(Kind, options) {
  const key = `${Kind.name}${lang.value}${JSON.stringify(options)}`;
  if (!made.has(key)) made.set(key, new Kind(LOCALES[lang.value], options));
  return made.get(key);
}

/** A count as it is, a ratio or a length of time with one decimal. */
export function number(value, metric) {
  if (value === null || value === undefined) return "–";
  const digits = isMeasured(metric) ? 1 : 0;
  return intl(Intl.NumberFormat, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

export const decimal = (value) => intl(Intl.NumberFormat, { maximumFractionDigits: Math.abs(value) < 9.95 ? 1 : 0 }).format(value);
/** A tenth of a percent matters below ten of them. */
export const percent = (part) =>
  intl(Intl.NumberFormat, { style: "percent", maximumFractionDigits: Math.abs(part) < 0.0995 ? 1 : 0 }).format(part);

/** A value with its unit where the unit belongs to the number, as in 49,2%. */
export const withSign = (value, metric) => number(value, metric) + (metric?.unit_vi === "%" && value !== null ? "%" : "");

export const clock = (time) =>
  time ? intl(Intl.DateTimeFormat, { timeZone: ZONE, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(new Date(time)) : "–";

const dayFormat = () => intl(Intl.DateTimeFormat, { timeZone: ZONE, day: "2-digit", month: "2-digit", year: "numeric" });
const minuteFormat = () => intl(Intl.DateTimeFormat, { timeZone: ZONE, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export const day = (time) => dayFormat().format(new Date(time));
export const moment = (time) => `${minuteFormat().format(new Date(time))} ${day(time)}`;

/** A time of today by its hour, an earlier one by its day as well. */
export function recent(time, today) {
  if (!time) return t("never");
  return day(time) === today ? minuteFormat().format(new Date(time)) : moment(time);
}

/** Days for windows of days; minutes for the rest. The last day is the one that is included. */
export function interval(window) {
  if (window.tier === "day") {
    const last = new Date(new Date(window.end).getTime() - 1);
    return day(window.start) === day(last) ? day(last) : t("interval", { from: day(window.start), to: day(last) });
  }
  return t("interval", { from: moment(window.start), to: moment(window.end) });
}

export function age(seconds) {
  if (seconds === null || seconds === undefined) return t("never");
  const s = Math.max(0, Math.round(seconds));
  if (s < 120) return t("seconds", { n: s });
  return s < 7200 ? t("minutes", { n: Math.floor(s / 60) }) : t("hours", { n: Math.floor(s / 3600) });
}

export const collator = new Intl.Collator("vi", { numeric: true });

/** A name as somebody types it who has no Vietnamese keyboard. */
export const plain = (text) =>
  text.normalize("NFD").replace(/\p{Mn}/gu, "").replace(/[đĐ]/g, "d").toLowerCase().replace(/[^a-z0-9]+/g, " ").trim();
