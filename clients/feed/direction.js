/**
 * Which way a language is written. The service answers the same question for its pages (ticker/dispatch.py);
 * frames carry the language alone, since the direction follows from it.
 */

const LANGUAGES = new Set("ar arc ckb dv fa he ks nqo ps sd syr ug ur yi".split(" "));
const SCRIPTS = new Set("adlm arab hebr mand nkoo rohg samr syrc thaa".split(" "));

/**
 * @param {string} language a BCP 47 tag; a script in it outweighs the language ("ks-Deva", "az-Arab")
 * @returns {"ltr" | "rtl"}
 */
export function direction(language) {
  const [primary = "", ...rest] = language.toLowerCase().split("-");
  const script = rest.find((part) => /^[a-z]{4}$/.test(part));
  return (script ? SCRIPTS.has(script) : LANGUAGES.has(primary)) ? "rtl" : "ltr";
}
