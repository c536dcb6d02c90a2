/**
 * Which way a language is written. The service says the same for its pages (ticker/language.py);
 * frames carry the language alone, since the direction follows from it.
 */

/** Scripts that are written from right to left (ISO 15924). */
const SCRIPTS =
  /^(A(dlm|ra[bn]|rmi|vst)|C(hrs|prt)|Elym|Gara|H(atr|ebr|ung)|Khar|Lydi|M(an[di]|end|er[co])|N(arb|bat|koo)|Orkh|P(alm|hl[ip]|hnx|rti)|Rohg|S(a(mr|rb)|idt|og[do]|yr[cejn])|Thaa|Yezi)$/;

/**
 * @param {string} language a BCP 47 tag; a script in it outweighs the language ("ks-Deva", "az-Arab")
 * @returns {"ltr" | "rtl"}
 */
export function direction(language) {
  try {
    // Intl knows no extended languages: "ar-arz" is written as "ar" is.
    const tag = language.replace(/^([a-z]{2,3})(-[a-z]{3}){1,3}(?![^-])/i, "$1");
    return SCRIPTS.test(new Intl.Locale(tag).maximize().script ?? "") ? "rtl" : "ltr";
  } catch {
    return "ltr"; // no tag at all
  }
}
