// Small tools for drawing.

export const byId = (id) => document.getElementById(id);

// el makes an element. Text is text: nothing that came from outside is ever read as HTML.
export function el(name, props = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((c) => c !== '' && c !== undefined && c !== null));
  return made;
}

// write sets a text only when it differs, so that a reader of the screen is not told twice.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

// refill replaces the rows of a list and gives the focus back to the row's button that had it.
export function refill(node, rows) {
  const focused = node.contains(document.activeElement) ? document.activeElement.id : '';
  node.replaceChildren(...rows);
  if (focused) byId(focused)?.focus();
}
