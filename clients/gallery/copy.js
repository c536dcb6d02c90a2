/**
 * A button that copies a snippet. The clipboard is there for secure contexts alone, and a gallery on a laptop or behind
 * a plain address is none; there the text is selected and copied the old way, and stays selected if that fails too.
 */

/** How long the button says that it has copied. Milliseconds. */
const SAID_FOR = 2_000;

/** @param {HTMLElement} snippet has the text in its code element */
export function addCopyButton(snippet) {
  const code = snippet.querySelector("code");
  if (!code) return;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  const said = document.createElement("span");
  said.className = "unseen";
  said.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    const copied = await copy(code);
    button.textContent = copied ? "Copied" : "Selected";
    said.textContent = copied ? "Copied" : "Selected; copy it with the keyboard";
    setTimeout(() => {
      button.textContent = "Copy";
      said.textContent = "";
    }, SAID_FOR);
  });
  snippet.append(button, said);
}

/** @param {HTMLElement} code @returns {Promise<boolean>} false if the text is only selected */
async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent ?? "");
    return true;
  } catch {
    getSelection()?.selectAllChildren(code);
    return document.execCommand("copy");
  }
}
