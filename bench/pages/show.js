/** What both peers' pages do with a dispatch: an item with source, text and time, newest first, at most 20. */
const list = document.querySelector("ol");
const clock = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit" });

function part(name, text, into) {
  const element = document.createElement(name);
  element.textContent = text;
  into.append(element, " ");
}

// eslint-disable-next-line no-unused-vars -- the pages' own scripts call it
function show(dispatch) {
  const item = document.createElement("li");
  item.dataset.id = dispatch.id;
  part("time", clock.format(new Date(dispatch.filed)), item);
  if (dispatch.source) part("b", `${dispatch.source}:`, item);
  part("span", dispatch.text, item);
  list.prepend(item);
  if (list.children.length > 20) list.lastChild.remove();
}
