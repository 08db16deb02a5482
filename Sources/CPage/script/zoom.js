// The drag over a chart that selects a part of its horizontal axis.
const Zoom = (() => {
  // The least length of a drag in pixels. A shorter one is a click.
  const LEAST = 6;

  // Calls `select` with the ends of each drag over the plot of a figure, and `reset` after a double click. A finger scrolls the page.
  const attach = (figure, select, reset) => {
    let drag = null;
    const press = (event) => {
      const { x, y } = figure.at(event);
      const { left, right, top, bottom } = figure.box ?? {};
      const isInside = x >= left && x <= right && y >= top && y <= bottom;
      if (isInside && event.button === 0 && event.pointerType !== "touch") drag = { from: x, mark: null };
    };
    const move = (event) => {
      if (!drag) return;
      const { left, right, top, bottom } = figure.box;
      const x = Chart.clamp(figure.at(event).x, left, right);
      if (!drag.mark) {
        if (Math.abs(x - drag.from) < LEAST) return;
        drag.mark = Chart.add(figure.svg, "rect", { class: "brush", y: top, height: bottom - top });
        figure.isBusy = true;
        figure.readout.hidden = true;
        figure.plot.setPointerCapture(event.pointerId);
      }
      drag.to = x;
      drag.mark.setAttribute("x", Math.min(x, drag.from));
      drag.mark.setAttribute("width", Math.abs(x - drag.from));
    };
    const end = ({ type }) => {
      const { mark, from, to } = drag ?? {};
      drag = null;
      if (!mark) return;
      mark.remove();
      if (type === "pointerup") select(Math.min(from, to), Math.max(from, to));
      // After a cancelled drag, no click follows.
      else figure.isBusy = false;
    };
    const listeners = { pointerdown: press, pointermove: move, pointerup: end, pointercancel: end, dblclick: reset };
    for (const [type, listener] of Object.entries(listeners)) figure.plot.addEventListener(type, listener);
  };
  return { attach };
})();
