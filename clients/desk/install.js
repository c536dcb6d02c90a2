/**
 * The service worker, where the browser has them: over https, or from this machine.
 *
 * @typedef {{createPolicy: (name: string, rules: {createScriptURL: (url: string) => string}) => {createScriptURL: (url: string) => any}}} TrustedTypes
 */

/** @param {string} base the service's URL */
export function installWorker(base) {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return;
  const path = `${base}/desk/worker.js`;
  const { trustedTypes } = /** @type {{trustedTypes?: TrustedTypes}} */ (/** @type {unknown} */ (globalThis));
  const url = trustedTypes?.createPolicy("desk", { createScriptURL: () => path }).createScriptURL(path) ?? path;
  serviceWorker.register(url, { scope: `${base}/desk` }).catch(() => {}); // without it the desk needs a network to open
}
