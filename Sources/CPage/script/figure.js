// One chart on the page: a canvas over axes of SVG, and a canvas for the hovered experiment over it.
//
// Options: name, height; paint(figure, context, isWhole) draws all and returns a text if there is nothing to draw;
// find(x, y) returns the row at a position, read(row, x, y) the parts of the text at the pointer; over(context, row)
// draws the hovered row; table() returns {head, rows, total}. A chart that sets `points` needs no find and over.
class Figure {
  static LANE = 16;
  static #visible = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      target.figure.isVisible = isIntersecting;
      if (isIntersecting && target.figure.isStale) target.figure.redraw();
    }
  }, { rootMargin: "200px" });
  static #sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) target.figure.redraw();
  });

  constructor(parent, options) {
    const { make, button } = Chart;
    Object.assign(this, { options, row: -1, isStale: true });
    this.controls = make("div", { class: "controls" });
    this.message = make("p", { class: "message" });
    this.plot = make("div", { class: "plot", role: "img" });
    this.svg = Chart.add(this.plot, "svg");
    [this.canvas, this.overlay] = [make("canvas"), make("canvas")];
    this.readout = make("div", { class: "readout", hidden: "" });
    this.plot.append(this.canvas, this.overlay, this.readout);
    this.plot.style.height = `${options.height}px`;
    this.caption = make("figcaption");
    this.tableButton = button("Table", () => this.toggleTable(), { "aria-expanded": "false" });
    const tools = make("div", { class: "tools" }, this.tableButton, button("SVG", () => Picture.saveSVG(this)),
      button("PNG", () => Picture.savePNG(this)));
    this.root = make("figure", { class: options.isAxisAbove ? "chart above" : "chart" }, this.message, this.plot);
    if (!options.isSmall) this.root.prepend(this.controls);
    if (!options.isSmall) this.root.append(this.caption, tools);
    parent.append(this.root);
    this.root.figure = this.plot.figure = this;
    this.listen();
    Chart.figures.add(this);
    Figure.#visible.observe(this.root);
    Figure.#sizes.observe(this.plot);
  }

  // Returns the position of an event in the plot.
  at({ clientX, clientY }) {
    const box = this.plot.getBoundingClientRect();
    return { x: clientX - box.x, y: clientY - box.y };
  }

  listen() {
    const seek = (event) => {
      this.pointer = this.at(event);
      State.frame(this.seek);
    };
    const leave = (event) => {
      // A finger leaves after each tap.
      if (event.pointerType === "touch") return;
      this.pointer = null;
      this.readout.hidden = true;
      State.hover(-1);
    };
    const press = (event) => {
      this.pressed = event.pointerType === "touch" ? this.row : null;
      seek(event);
    };
    // A tap is a hover. A second tap on the same experiment pins it.
    const click = () => {
      const { isBusy, pressed } = this;
      this.isBusy = false;
      this.seek();
      if (!isBusy && this.row >= 0 && (pressed ?? this.row) === this.row) CompareView.pin(this.row);
    };
    const listeners = { pointermove: seek, pointerdown: press, pointerleave: leave, click };
    for (const [type, listener] of Object.entries(listeners)) this.plot.addEventListener(type, listener);
  }

  // Finds the experiment at the pointer and shows a text beside it.
  seek = () => {
    if (!this.pointer || !this.box || this.isBusy) return;
    const { readout, pointer: { x, y } } = this;
    const row = this.options.find?.(x, y) ?? Lines.nearest(this.points ?? [], x, y, 24);
    State.hover(row);
    readout.hidden = row < 0;
    if (row < 0) return;
    readout.replaceChildren(...this.options.read(row, x, y), " · ", Chart.name(Data.id(row), 40));
    const left = Chart.clamp(x + 12, 0, Math.max(this.width - readout.offsetWidth - 2, 0));
    readout.style.transform = `translate(${left}px, ${Math.max(y - readout.offsetHeight - 8, 0)}px)`;
  };

  redraw() {
    State.frame(this.draw);
  }
  // Draws the chart, or marks it as stale while it is out of view.
  draw = () => {
    const isPrinted = document.documentElement.classList.contains("printing");
    this.isStale = !this.isVisible && !isPrinted;
    if (this.isStale) return;
    this.root.classList.remove("empty");
    // A new size clears a canvas. In a print, a rectangle that is cleared would cover the axes with white.
    if (isPrinted) this.width = 0;
    this.resize();
    if (!this.width) return;
    const context = this.canvas.getContext("2d");
    if (!isPrinted) context.clearRect(0, 0, this.width, this.height);
    this.render(context, isPrinted);
    if (!isPrinted) this.hover(this.row);
    if (this.table) this.showTable();
  };

  resize() {
    const { clientWidth: width, clientHeight: height } = this.plot;
    const ratio = Math.min(devicePixelRatio, 2);
    if (!width || (this.width === width && this.height === height && this.ratio === ratio)) return;
    Object.assign(this, { width, height, ratio });
    this.plot.style.setProperty("--ratio", `${width} / ${height}`);
    for (const canvas of [this.canvas, this.overlay]) {
      canvas.width = width * ratio;
      canvas.height = height * ratio;
      canvas.getContext("2d").scale(ratio, ratio);
    }
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  }

  // Draws the axes and the data into a context.
  render(context, isWhole) {
    this.points = null;
    this.svg.replaceChildren();
    Object.assign(context, { globalAlpha: 1, lineWidth: 1, lineJoin: "bevel" });
    context.setLineDash([]);
    const text = this.options.paint(this, context, isWhole) ?? "";
    this.message.textContent = text;
    this.root.classList.toggle("empty", text !== "");
    if (text) this.say();
  }

  // Sets the finding: the caption and the name of the image.
  say(...parts) {
    this.caption.replaceChildren(...parts);
    this.plot.setAttribute("aria-label", `${this.options.name}: ${this.caption.textContent}`);
  }

  // Sets the place of the plot within the figure. Beneath it are the lanes and the axis.
  frame({ left = 62, right = 24, top = 22, bottom = 38, lanes = 0 } = {}) {
    const { width, height } = this;
    this.box = { left, top, right: Math.max(width - right, left + 40), bottom: height - bottom - lanes * Figure.LANE };
    return this.box;
  }
  text(x, y, content, attributes = {}, length = 50) {
    const shown = Chart.short(content, length);
    const node = Chart.add(this.svg, "text", { x, y, ...attributes }, shown);
    if (shown !== content) Chart.add(node, "title", {}, content);
  }
  rule(x1, y1, x2, y2, kind = "grid") {
    Chart.add(this.svg, "line", { x1, y1, x2, y2, class: kind });
  }
  // Returns the ticks within the bounds of a scale: {at, text}. They are at the values if these are far enough apart.
  static ticks(scale, length, distance, { values, isInteger } = {}) {
    const isInside = (value) => value >= scale.low && value <= scale.high;
    const own = (values ?? []).filter(isInside).map((value) => ({ at: scale.at(value), text: Format.number(value) }))
      .filter(({ text }, index, all) => text !== all[index - 1]?.text);
    if (own.length && own.every(({ at }, i) => !i || Math.abs(at - own[i - 1].at) >= distance / 3)) return own;
    let ticks = [];
    for (let count = Math.max(2, Math.round(length / distance)), i = 0; ticks.length < 2 && i < 3; count += 2, i += 1) {
      ticks = scale.ticks(count).filter(({ value }) => isInside(value) && (!isInteger || Number.isInteger(value)));
    }
    return ticks.map(({ value, text }) => ({ at: scale.at(value), text }));
  }
  // Sets the place of the plot, draws its axes and returns their scales. An axis is {extent, isLog, label}. Without an
  // extent it has no ticks.
  axes(x, y, place) {
    const { left, right, top, bottom } = this.frame(place);
    const scaleX = x.extent && Chart.scale(x.extent, x.isLog, left + 6, right - 6);
    const scaleY = Chart.scale(y.extent, y.isLog, bottom - 4, top + 4);
    for (const { at, text } of Figure.ticks(scaleY, bottom - top, 45)) {
      this.rule(left, at, right, at);
      this.text(left - 6, at + 4, text, { "text-anchor": "end" });
    }
    this.rule(left, bottom, right, bottom, "axis");
    for (const { at, text } of scaleX ? Figure.ticks(scaleX, right - left, 90, { ...x.extent, ...x }) : []) {
      this.rule(at, bottom, at, bottom + 4, "axis");
      this.text(at, this.height - 22, text, { "text-anchor": "middle" });
    }
    // Two characters isolate a name from what follows, if its text has another direction.
    const label = (axis, width) =>
      `\u2068${Chart.short(axis.label, Math.floor(width / 9))}\u2069${axis.isLog ? " (log)" : ""}`;
    this.text(2, 12, label(y, this.width), { class: "name" });
    const middle = { class: "name", "text-anchor": "middle" };
    this.text((left + right) / 2, this.height - 5, label(x, right - left), middle);
    return { scaleX, scaleY };
  }
  // Draws the name of a lane beneath the plot, and returns its middle.
  lane(index, text) {
    const { left, right, bottom } = this.box;
    const y = bottom + (index + 0.5) * Figure.LANE + 3;
    this.rule(left, y, right, y, "lane");
    this.text(right + 8, y + 4, text, { class: "count" });
    return y;
  }
  // Limits what is drawn to the plot. `context.restore()` ends it.
  clip(context) {
    const { left, right, top, bottom } = this.box;
    context.save();
    context.beginPath();
    context.rect(left, top - 4, right - left + 1, bottom - top + 8);
    context.clip();
  }

  // Lights up an experiment.
  hover(row) {
    this.row = row;
    if (!this.isStale) State.frame(this.drawOverlay);
  }
  drawOverlay = () => {
    const context = this.overlay.getContext("2d");
    const { row, points } = this;
    context.clearRect(0, 0, this.width, this.height);
    if (row < 0 || !this.box) return;
    const { pins, ink } = Chart.theme();
    Object.assign(context, { strokeStyle: pins[State.colour(row)] ?? ink, lineWidth: 2.5, lineJoin: "bevel" });
    this.options.over?.(context, row);
    const point = points?.find((one) => one.row === row);
    if (!point) return;
    Points.ring(context, point.xs[0], point.ys[0], 6);
    context.stroke();
  };

  toggleTable() {
    this.tableButton.setAttribute("aria-expanded", String(!this.table));
    if (!this.table) return this.showTable();
    this.table.remove();
    this.table = null;
  }
  showTable() {
    const { scrollTop = 0, scrollLeft = 0 } = this.table ?? {};
    this.table?.remove();
    this.table = this.root.appendChild(Chart.table(this.options.table()));
    this.table.scrollTo(scrollLeft, scrollTop);
  }
}
