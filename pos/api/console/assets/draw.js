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

// refill puts rows into a list. A row that reads as it did stays, so that a click on it is never lost to a
// redraw; the focus goes back to the row's button that had it.
export function refill(node, rows) {
  const focused = node.contains(document.activeElement) ? document.activeElement.id : '';
  const before = [...node.children];
  rows.forEach((row, i) => {
    if (!before[i]) node.append(row);
    else if (!timeless(before[i]).isEqualNode(timeless(row))) before[i].replaceWith(row);
  });
  for (const old of before.slice(rows.length)) old.remove();
  if (focused) byId(focused)?.focus();
}

// timeless is a row without the ages and countdowns on it, which somebody else keeps true.
function timeless(row) {
  const copy = row.cloneNode(true);
  for (const node of copy.querySelectorAll('[data-since], [data-next]')) node.textContent = '';
  return copy;
}
