/**
 * How custom-elements.json is made of the element's JSDoc: npm run manifest. The package has the bundle instead of
 * the source, so the manifest names that.
 */
export default {
  globs: ["element.js"],
  packagejson: false,
  plugins: [
    {
      name: "bundle",
      packageLinkPhase({ customElementsManifest }) {
        for (const each of customElementsManifest.modules) {
          each.path = "ticker.js";
          for (const known of each.declarations) known.superclass = { name: "HTMLElement" };
          for (const { declaration } of each.exports) if (declaration) declaration.module = "ticker.js";
        }
      },
    },
  ],
};
