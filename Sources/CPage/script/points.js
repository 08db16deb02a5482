// Points in the plot of a chart. An arrow at the edge is a value beyond the axis.
const Points = (() => {
  const SIDES = [["dy", 1, "below"], ["dy", -1, "above"], ["dx", -1, "left"], ["dx", 1, "right"]];

  const ring = (context, x, y, radius) => {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
  };
  // Returns the position within a box that is nearest to a point, and the direction from there to the point.
  const within = ({ left, right, top, bottom }, x, y) => {
    const [atX, atY] = [Chart.clamp(x, left, right), Chart.clamp(y, top, bottom)];
    return { x: atX, y: atY, dx: Math.sign(x - atX), dy: Math.sign(y - atY) };
  };
  // Draws a filled ring, or an arrow if the point is beyond the box.
  const dot = (context, { x, y, dx, dy }, radius) => {
    ring(context, x, y, radius);
    if (dx || dy) {
      const size = radius + 1;
      context.beginPath();
      context.moveTo(x + dx * size, y + dy * size);
      context.lineTo(x - (dx + dy) * size, y - (dy - dx) * size);
      context.lineTo(x - (dx - dy) * size, y - (dy + dx) * size);
    }
    context.fill();
  };
  // Keeps points for the pointer, and writes how many values are beyond the axes.
  const keep = (figure, rows, places) => {
    figure.points = rows.map((row, i) => ({ row, xs: [places[i].x], ys: [places[i].y] }));
    const texts = SIDES.map(([key, sign, side]) => [places.filter((place) => place[key] === sign).length, side])
      .filter(([count]) => count);
    const text = texts.map((parts) => parts.join(" ")).join(", ");
    if (text) figure.text(figure.width - 2, 12, text, { class: "count", "text-anchor": "end" });
  };
  // Draws points: grey ones, and those of the pinned experiments in their colours.
  const draw = (figure, context, rows, x, y) => {
    const { pins, muted } = Chart.theme();
    const places = rows.map((_, index) => within(figure.box, x[index], y[index]));
    const colours = rows.map(State.colour);
    for (const index of [...rows.keys()].sort((a, b) => colours[a] - colours[b])) {
      const isPinned = colours[index] >= 0;
      Object.assign(context, { globalAlpha: isPinned ? 1 : 0.5, fillStyle: pins[colours[index]] ?? muted });
      dot(context, places[index], isPinned ? 4.5 : 2.2);
    }
    keep(figure, rows, places);
  };

  return { ring, within, dot, keep, draw };
})();
