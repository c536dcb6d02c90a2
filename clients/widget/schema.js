/**
 * schema.org LiveBlogPosting as JSON-LD in the embedding page, kept up with what is shown. A data block made of
 * a text node is no sink of Trusted Types.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 */

/**
 * Google asks for `articleBody` and a `datePublished` that never changes on each update, and for the coverage's
 * start and end. The URL of an update is the page's with the dispatch as its fragment.
 *
 * @param {Dispatch[]} dispatches newest first
 * @param {string} page
 * @param {string} headline
 */
export function posting(dispatches, page, headline) {
  const usable = dispatches.filter((dispatch) => dispatch.status === "usable");
  const [filed, updated] = [usable.map((each) => each.filed).sort(), usable.map((each) => each.updated).sort()];
  return {
    "@context": "https://schema.org",
    "@type": "LiveBlogPosting",
    headline,
    url: page,
    coverageStartTime: filed[0],
    datePublished: filed[0],
    dateModified: updated.at(-1),
    liveBlogUpdate: usable.map((each) => ({
      "@type": "BlogPosting",
      headline: each.text.slice(0, 110),
      articleBody: each.text,
      datePublished: each.filed,
      dateModified: each.updated,
      url: `${page}#${each.id}`,
      inLanguage: each.language,
    })),
  };
}
