// Bars, for figures that people would rather look at than read. The figures stand beside them as text.

// shape makes an element of a drawing; the sprite that every page carries knows the drawings' namespace.
function shape(name, props, text = '') {
  const made = document.createElementNS(document.querySelector('svg.sprite').namespaceURI, name);
  for (const [key, value] of Object.entries(props)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

// bars draws one bar for each {label, value, title}, so wide. say writes the largest value, or every one. A
// value below nothing hangs from the line.
export function bars(list, say, { wide = 46, every = false } = {}) {
  const high = 120, top = 18, foot = 18, room = Math.max(list.length * wide, 330); // one bar alone is no tower
  const most = Math.max(0, ...list.map((b) => b.value)), least = Math.min(0, ...list.map((b) => b.value));
  const scale = high / (most - least || 1);
  const zero = top + most * scale;
  const svg = shape('svg', { viewBox: `0 0 ${room} ${top + high + foot}`, width: room, class: 'plot', role: 'img',
    'aria-label': list.map((b) => b.title).join('; ') });
  const peak = list.findIndex((b) => b.value === most);
  list.forEach((b, i) => {
    const tall = Math.abs(b.value) * scale;
    const bar = shape('rect', { x: i * wide + wide / 10, y: b.value >= 0 ? zero - tall : zero, width: wide * 0.8, height: Math.max(tall, 1) });
    bar.append(shape('title', {}, b.title));
    svg.append(bar);
    svg.append(shape('text', { x: i * wide + wide / 2, y: top + high + foot - 4, class: 'label' }, b.label));
    const middle = every ? i * wide + wide / 2 : Math.min(Math.max(i * wide + wide / 2, 52), room - 52);
    if (b.value > 0 && (every || i === peak)) svg.append(shape('text', { x: middle, y: zero - tall - 4, class: 'value' }, say(b.value)));
  });
  svg.append(shape('line', { x1: 0, x2: room, y1: zero, y2: zero }));
  return svg;
}
