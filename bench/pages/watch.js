/**
 * Runs before a page's own scripts and reports two moments: the first element with data-id is painted, and one whose
 * text has the token is. Looks into open shadow roots too, and only when something was added: the page's cost is its own.
 */
(() => {
  const token = $TOKEN;
  const roots = [document];
  const wanted = { first: () => true, live: (element) => element.textContent.includes(token) };

  const observer = new MutationObserver(look);
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (init) {
    const root = attach.call(this, init);
    roots.push(root);
    observe(root);
    return root;
  };
  observe(document);

  function observe(root) {
    observer.observe(root, { childList: true, subtree: true, characterData: true });
  }

  function look() {
    for (const [name, accepts] of Object.entries(wanted)) {
      const found = roots.some((root) =>
        [...root.querySelectorAll("[data-id]")].some((element) => accepts(element) && element.getClientRects().length),
      );
      if (!found) continue;
      delete wanted[name];
      afterPaint(() => benchReport(JSON.stringify({ name, now: performance.now(), origin: performance.timeOrigin })));
    }
  }

  function afterPaint(done) {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = done;
      port2.postMessage(null);
    });
  }
})();
