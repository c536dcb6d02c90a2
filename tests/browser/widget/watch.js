/**
 * Runs before a page's own scripts and writes down what a test has to judge: states of widgets with their time,
 * violations of the content security policy, and shifts of what is no widget.
 */
window.seen = { states: [], violations: [], shifts: [], words: [] };

document.addEventListener("ticker-state", (event) => {
  seen.states.push({ at: Date.now(), ...event.detail });
});

document.addEventListener("securitypolicyviolation", (event) => {
  seen.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
});

new PerformanceObserver((list) => {
  for (const { value, sources } of list.getEntries()) {
    // A shift inside a shadow root names no node of the page, or the host.
    const outside = sources.filter(({ node }) => node && node.getRootNode() === document && !node.closest?.("breaking-ticker"));
    if (outside.length) seen.shifts.push({ value, nodes: outside.map(({ node }) => node.nodeName) });
  }
}).observe({ type: "layout-shift", buffered: true });

/** Every text that a live region has held, in order: what a screen reader is given to say. */
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (init) {
  const root = attach.call(this, init);
  new MutationObserver(() => {
    for (const region of root.querySelectorAll("[role=status], [role=alert]")) {
      const said = region.textContent.trim();
      const last = seen.words.filter(({ role }) => role === region.role).at(-1);
      if (said !== (last?.said ?? "")) seen.words.push({ role: region.role, said });
    }
  }).observe(root, { childList: true, subtree: true, characterData: true });
  return root;
};
