/** Words in the chosen language. */
import { lang } from "./address.js";
import en from "./i18n/en.js";
import vi from "./i18n/vi.js";

const WORDS = { vi, en };

/** The text under a key, with {names} filled in. */
export function t(key, values = {}) {
  const text = WORDS[lang.value][key];
  if (text === undefined) throw new Error(`no word for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** The field of an answer that comes in both languages, such as title_vi and title_en. */
export const said = (answer, field) => answer[`${field}_${lang.value}`] ?? answer[`${field}_vi`];
