/**
 * Which way a language is written. The service says the same for its pages (ticker/language.py);
 * frames carry the language alone, since the direction follows from it.
 */

/** Scripts that are written from right to left (ISO 15924), in one text: each code begins with its only capital. */
const RIGHT_TO_LEFT =
  "AdlmArabAranArmiAvstChrsCprtElymGaraHatrHebrHungKharLydiMandManiMendMercMeroNarbNbatNkoo" +
  "OrkhPalmPhliPhlpPhnxPrtiRohgSamrSarbSidtSogdSogoSyrcSyreSyrjSyrnThaaYezi";

/** Language, script and region; extended languages are left out, since "ar-arz" is written as "ar" is. */
const TAG = /^([a-z]{2,3})(?:-[a-z]{3}){0,3}(-[a-z]{4})?(-(?:[a-z]{2}|\d{3}))?(?![^-])/i;

/**
 * @param {string} language a BCP 47 tag; a script in it outweighs the language ("ks-Deva", "az-Arab")
 * @returns {"ltr" | "rtl"}
 */
export function direction(language) {
  const found = TAG.exec(language);
  const script = found && new Intl.Locale(found.slice(1).join("")).maximize().script;
  return RIGHT_TO_LEFT.includes(`${script}`) ? "rtl" : "ltr";
}
