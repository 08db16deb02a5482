// Parallel coordinates: one line per experiment over the axes of hyper-parameters and the objective.
const ParallelView = (() => {
  const FIRST = 8;
  // The number of lines per frame, so that 10,000 of them do not block the page.
  const SLICE = 800;
  const LEAST_WIDTH = 84;
  // The distance from an axis in which a drag is a brush.
  const REACH = 14;
  let figure = null;
  let axes = [];
  // The matching rows, the best one last.
  let order = [];
  // The same as drawn: {row, xs, ys} in pixels.
  let lines = [];
  let version = 0;
  let drag = null;

  const columns = () => {
    const chosen = State.split(State.value.axes).map(Data.column).filter(Boolean);
    const list = chosen.length ? chosen : Data.parameters().varying.slice(0, FIRST - 1);
    return [...list.filter((column) => column !== Data.objective), ...(Data.objective ? [Data.objective] : [])];
  };

  const stroke = (context, row) => {
    context.beginPath();
    axes.forEach(({ x, ys }, index) => (index ? context.lineTo(x, ys[row]) : context.moveTo(x, ys[row])));
    context.stroke();
  };

  const paint = (_, context, isWhole) => {
    const list = columns();
    if (!State.rows.length) return Data.rows ? "No experiment matches the filter." : "There is no experiment yet.";
    if (list.length < 2) return "There are fewer than two axes with different values.";
    const box = figure.frame({ left: 14, right: 76, top: 34, bottom: 8, lanes: 2 });
    const step = (box.right - box.left) / (list.length - 1);
    axes = list.map((column, index) => Axis.make(column, box.left + index * step, box));
    const value = (row) => (Number.isFinite(Data.value(row)) ? Data.value(row) : null);
    const sign = Data.isHighestBest ? 1 : -1;
    order = Array.from(State.rows)
      .sort((a, b) => (value(a) !== null) - (value(b) !== null) || sign * (value(a) - value(b)));
    const xs = axes.map((axis) => axis.x);
    lines = order.map((row) => ({ row, xs, ys: axes.map(({ ys }) => ys[row]) }));
    drawAxes(step);
    drawLines(context, isWhole);
    const best = order[order.length - 1];
    const shade = Chart.theme().isDark ? "lightest" : "darkest";
    const lead = value(best) === null ? "" : ` The best, ${Format.number(value(best))}, is ${shade}.`;
    figure.say(`${Format.counted(order.length, "experiment")} over ${list.length} axes.${lead} Drag along an axis to `
      + "filter, click within a range to remove it, or write the limits in the filter.");
    return null;
  };

  const drawLines = (context, isWhole) => {
    const { pins, muted, faint } = Chart.theme();
    const colours = Chart.shades();
    const { ys } = axes[axes.length - 1];
    const { top, bottom } = figure.box;
    const colourOf = (row) => {
      if (!Number.isFinite(Data.value(row))) return muted;
      const part = (bottom - ys[row]) / (bottom - top);
      return colours[Math.round((Data.isHighestBest ? part : 1 - part) * (colours.length - 1))];
    };
    const isMatching = new Uint8Array(Data.rows);
    for (const row of order) isMatching[row] = 1;
    const others = Array.from(isMatching.keys()).filter((row) => !isMatching[row]);
    const all = [...others, ...order];
    const alpha = Math.min(0.9, Math.max(0.15, 14 / Math.sqrt(order.length)));
    const token = (version += 1);
    let next = 0;
    const slice = () => {
      if (token !== version) return;
      context.lineWidth = 1;
      context.setLineDash([]);
      for (const end = Math.min(next + (isWhole ? Infinity : SLICE), all.length); next < end; next += 1) {
        const isOther = next < others.length;
        context.strokeStyle = isOther ? faint : colourOf(all[next]);
        context.globalAlpha = isOther ? 0.25 : alpha;
        stroke(context, all[next]);
      }
      if (next < all.length) {
        State.frame(slice);
        return;
      }
      Object.assign(context, { lineWidth: 2, globalAlpha: 1 });
      for (const row of [...State.pins].reverse().filter((pin) => isMatching[pin])) {
        context.strokeStyle = pins[State.colour(row)];
        context.setLineDash(Chart.DASHES[State.colour(row)]);
        stroke(context, row);
      }
    };
    slice();
  };

  const drawAxes = (step) => {
    const { top, bottom, left, right } = figure.box;
    const length = Math.max(3, Math.floor((step - 10) / 7));
    for (const lane of [0, 1]) {
      const y = Axis.middle(figure.box, lane);
      if (axes.some(({ lanes }) => lanes[lane])) figure.rule(left, y, right, y, "lane");
    }
    axes.forEach((axis, index) => {
      const { column, x, ticks, isLog, notes } = axis;
      const isLast = index === axes.length - 1;
      const [shift, anchor] = index === 0 ? [-10, "start"] : isLast ? [70, "end"] : [0, "middle"];
      figure.rule(x, top, x, bottom, "axis");
      // The names at the ends are beside their axes, towards the next ones.
      const part = index === 0 || isLast ? Math.max(3, Math.floor(length / 2)) : length;
      figure.text(x + shift, 12, column.label, { class: "name", "text-anchor": anchor }, part);
      if (isLog) figure.text(x + shift, 25, "log", { class: "count", "text-anchor": anchor });
      for (const { at, text } of ticks) figure.text(x + 5, at + 4, text, { class: "halo" }, isLast ? 9 : length);
      for (const [y, text] of notes) figure.text(x + 5, y + 4, text, { class: "halo count" });
      for (const limit of Brush.read(column)) drawBrush(axis, ...Brush.pixels(axis, figure.box, limit));
    });
  };

  const drawBrush = ({ x }, from, to) => Chart.add(figure.svg, "rect",
    { class: "brush", x: x - 6, y: Math.min(from, to), width: 12, height: Math.abs(to - from) });

  const press = (event) => {
    const { x, y } = figure.at(event);
    const axis = axes.find((one) => Math.abs(one.x - x) < REACH);
    if (!axis || y < figure.box.top - 12 || y > figure.box.bottom + 12 || event.pointerType === "touch") return;
    drag = { axis, y, mark: drawBrush(axis, y, y) };
    figure.isBusy = true;
    figure.plot.setPointerCapture(event.pointerId);
  };
  const move = (event) => {
    if (!drag) return;
    const { y } = figure.at(event);
    drag.mark.setAttribute("y", Math.min(y, drag.y));
    drag.mark.setAttribute("height", Math.abs(y - drag.y));
  };
  const release = (event) => {
    if (!drag) return;
    const { axis, y: from, mark } = drag;
    const { y } = figure.at(event);
    drag = null;
    mark.remove();
    const limits = Brush.read(axis.column);
    const isClick = Math.abs(y - from) <= 3;
    const isOutside = (limit) => {
      const [top, bottom] = Brush.pixels(axis, figure.box, limit);
      return y < top || y > bottom;
    };
    const isNew = ({ text }) => text === undefined || !limits.some((old) => old.text === text);
    const added = isClick ? [] : Brush.limits(axis, from, y).filter(isNew);
    const changed = isClick ? limits.filter(isOutside) : [...limits, ...added];
    if (changed.length !== limits.length) Brush.write([axis.column], changed);
    else if (isClick) figure.isBusy = false;
  };
  const clear = () => Brush.write(axes.map(({ column }) => column), []);
  const hasBrush = () => axes.some(({ column }) => Brush.read(column).length);

  const find = (x, y) => Lines.nearest(lines, x, y, 10);
  const read = (row, x) => {
    const { column } = axes.reduce((a, b) => (Math.abs(b.x - x) < Math.abs(a.x - x) ? b : a));
    return [Chart.name(`${column.label} ${column.text(row) ?? "missing"}`, 50), ...Chart.result(row)];
  };
  const table = () => ({
    head: ["id", ...axes.map(({ column }) => column.label)], total: order.length,
    rows: order.slice(-200).reverse().map((row) => [Data.id(row), ...axes.map(({ column }) => column.text(row))]),
  });

  // The menu of axes.
  const controls = () => {
    const { make, name } = Chart;
    const shown = columns();
    const possible = Data.columns.filter((column) =>
      ["param", "meta", "max"].includes(column.kind) && !column.isConstant && column !== Data.objective);
    const choose = (column) => {
      const list = shown.includes(column) ? shown.filter((one) => one !== column) : [column, ...shown];
      State.set({ axes: State.join(list.filter((one) => one !== Data.objective).map((one) => one.name)) });
    };
    const label = (column) => name(column.kind === "param" ? column.label : column.name, 40);
    const check = (column) => {
      const checked = shown.includes(column) ? "" : null;
      const box = make("input", { type: "checkbox", checked, change: () => choose(column) });
      return make("label", {}, box, " ", label(column));
    };
    const open = figure.controls.querySelector("details")?.open ? "" : null;
    const menu = make("details", { class: "menu", open }, make("summary", {}, `Axes: ${shown.length}`),
      make("div", { class: "list" }, ...possible.map(check)));
    Chart.refresh(figure.controls, [menu, ...(hasBrush() ? [Chart.button("Remove limits", clear)] : [])]);
    figure.plot.style.minWidth = `${shown.length * LEAST_WIDTH}px`;
  };

  return {
    mount(section) {
      figure = new Figure(section,
        { name: "parallel coordinates", height: 360, isAxisAbove: true, paint, find, read, over: stroke, table });
      const listeners = { pointerdown: press, pointermove: move, pointerup: release, pointercancel: release };
      for (const [type, listener] of Object.entries(listeners)) figure.plot.addEventListener(type, listener);
      addEventListener("keydown", (event) => {
        const isHere = figure.pointer || figure.root.contains(document.activeElement);
        if (event.key !== "Escape" || !isHere || !hasBrush()) return;
        event.preventDefault();
        clear();
      }, { capture: true });
      controls();
    },
    update(changed) {
      if (!["data", "where", "pin", "axes"].some((key) => changed.has(key))) return;
      controls();
      figure.redraw();
    },
    hover: (row) => figure.hover(row),
  };
})();
