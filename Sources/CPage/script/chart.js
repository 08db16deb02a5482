// The parts that all charts share: elements, theme colours, ranges, tables and image files.
const Chart = (() => {
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const DASHES = [[], [7, 3], [2, 2], [9, 3, 2, 3], [14, 4], [4, 4], [2, 2, 7, 2], [1, 4]];
  const COLOURS = ["surface", "ink", "muted", "faint", "good", "bad"];
  // The properties of the axes that the page's style sets, for image files.
  const STYLES = "fill fill-opacity stroke stroke-width paint-order font-size font-family text-anchor".split(" ");
  const MAX_TABLE_ROWS = 200;
  // Cividis: Nuñez, Anderton, Renslow, "Optimizing colormaps with consideration for color vision deficiency", 2018.
  const CIVIDIS = "00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838";
  const SHADES = 64;
  const figures = new Set();
  const known = new WeakMap();
  let colours = null;

  const fill = (element, attributes, children) => {
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name, value);
      else if (value !== null) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };
  // Creates an element of HTML, or of SVG in a parent. An attribute that is a function is the listener of an event.
  const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
  const add = (parent, tag, attributes = {}, ...children) =>
    parent.appendChild(fill(document.createElementNS(NAMESPACE, tag), attributes, children));
  const button = (text, click, attributes = {}) => make("button", { type: "button", ...attributes, click }, text);
  const toggle = (text, isPressed, click) => button(text, click, { "aria-pressed": String(isPressed) });

  // Replaces the controls of a chart. The focus stays at its place, and a slider that is dragged is not replaced.
  const refresh = (parent, parts) => {
    const active = [...parent.querySelectorAll("*")].indexOf(document.activeElement);
    if (active >= 0 && document.activeElement.type === "range") {
      parent.querySelector("output").textContent = ` ${document.activeElement.value}`;
      return;
    }
    parent.replaceChildren(...parts);
    if (active >= 0) parent.querySelectorAll("*")[active]?.focus();
  };

  // Returns a text of at most `length` characters. The middle is left out, because names often differ at their ends.
  const short = (text, length) => {
    const characters = text.length <= length ? [] : [...text];
    if (characters.length <= length) return text;
    const half = Math.max(length - 1, 2) / 2;
    return `${characters.slice(0, Math.ceil(half)).join("")}…${characters.slice(-Math.floor(half)).join("")}`;
  };
  // Returns a text of a user as an element, which keeps its direction to itself.
  const name = (text, length = Infinity) => make("bdi", {}, short(text, length));
  const isCategory = (column) => column.scale === "category" || !column.isNumeric;
  // Returns the different texts in order, numbers by their values.
  const categories = (texts) =>
    [...new Set(texts)].filter((text) => text !== null).sort((a, b) => a - b || (a < b ? -1 : a > b ? 1 : 0));
  // Returns the end of the text beside the pointer: the objective.
  const result = (row) => [` · ${short(Data.battery.objective, 40)} ${Format.number(Data.value(row))}`];

  // Returns the result of `work` for an object. It is computed again if the key is another one.
  const remember = (object, kind, key, work) => {
    const results = known.get(object) ?? known.set(object, {}).get(object);
    if (results[kind]?.key !== key) results[kind] = { key, value: work() };
    return results[kind].value;
  };

  // Returns the colours of the theme. An element resolves them, because a custom property may hold a function of CSS.
  const theme = () => {
    if (colours) return colours;
    const probe = document.body.appendChild(make("i"));
    const read = (key) => {
      probe.style.color = `var(--${key})`;
      return getComputedStyle(probe).color;
    };
    colours = Object.fromEntries(COLOURS.map((key) => [key, read(key)]));
    colours.pins = DASHES.map((_, index) => read(`pin${index}`));
    probe.remove();
    const [red, green, blue] = colours.ink.match(/[\d.]+/g).map(Number);
    colours.isDark = 2 * red + 5 * green + blue > 1000;
    return colours;
  };
  // Returns the colours from the worst to the best, which has the most contrast.
  const shades = () => {
    const stops = CIVIDIS.split(" ").map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
    if (!theme().isDark) stops.reverse();
    return Array.from({ length: SHADES }, (_, index) => {
      const place = (index / (SHADES - 1)) * (stops.length - 1);
      const [from, to] = [stops[Math.floor(place)], stops[Math.ceil(place)]];
      return `rgb(${from.map((value, i) => Math.round(value + (to[i] - value) * (place % 1))).join()})`;
    });
  };
  const renew = () => {
    colours = null;
    for (const figure of figures) figure.draw();
  };
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)", "print"]) {
    matchMedia(query).addEventListener("change", renew);
  }
  new MutationObserver(([{ oldValue }]) => {
    if (document.documentElement.dataset.theme !== (oldValue ?? "")) renew();
  }).observe(document.documentElement, { attributeFilter: ["data-theme"], attributeOldValue: true });

  // Returns the range of all values, or of most of them if outliers would leave less than a quarter to the others.
  // `low` and `high` are the bounds of all values if only some of them are given.
  const range = (values, { isLog = false, low = Infinity, high = -Infinity, part = 0.01 } = {}) => {
    const sorted = Float64Array.from(values).filter((value) => hasPlace(value, isLog)).sort();
    if (!sorted.length) return null;
    const all = { low: Math.min(low, sorted[0]), high: Math.max(high, sorted[sorted.length - 1]) };
    const place = (value) => (isLog ? Math.log10(value) : value / 2);
    const [first, last] = [part, 1 - part].map((at) => sorted[Math.round(at * (sorted.length - 1))]);
    const most = place(last) - place(first);
    if (sorted.length < 16 || most <= 0 || most >= (place(all.high) - place(all.low)) / 4) return all;
    return {
      low: place(first) - place(all.low) <= most / 4 ? all.low : first,
      high: place(all.high) - place(last) <= most / 4 ? all.high : last,
    };
  };
  // Returns the nearest value within bounds.
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  // Returns whether a value has a place on an axis.
  const hasPlace = (value, isLog) => Number.isFinite(value) && (!isLog || value > 0);
  // Returns the range of values of the objective. The worst tenth of a search is often far off.
  const results = (values) => range(values, { part: 0.1 });
  // Returns whether a range needs a log axis.
  const isWide = (extent) => extent !== null && extent.low > 0 && extent.high / extent.low > 1e4;
  // Returns the scale of a range {low, high, isInteger} from one position to another one.
  const scale = ({ low, high, isInteger }, isLog, from, to) =>
    (isLog ? Scale.log : Scale.linear)(low, high, from, to, { isInteger });

  // Returns the positions of labels: near the wanted ones, at least a distance apart, and within bounds.
  const spread = (wanted, distance, low, high) => {
    const order = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b] || a - b);
    const groups = [];
    const start = ({ sum, members }) =>
      clamp(sum / members.length, low, Math.max(high - (members.length - 1) * distance, low));
    for (const index of order) {
      groups.push({ sum: wanted[index], members: [index] });
      while (groups.length > 1) {
        const [previous, last] = groups.slice(-2);
        const length = previous.members.length * distance;
        if (start(last) >= start(previous) + length) break;
        groups.pop();
        previous.sum += last.sum - last.members.length * length;
        previous.members.push(...last.members);
      }
    }
    const places = [...wanted];
    for (const group of groups) group.members.forEach((index, i) => (places[index] = start(group) + i * distance));
    return places;
  };

  // Returns Spearman's rank correlation of pairs; nan if one side has equal values only. Ties have their mean rank.
  const spearman = (left, right) => {
    const ranks = (values) => {
      const order = values.map((_, index) => index).sort((a, b) => values[a] - values[b]);
      const result = new Float64Array(values.length);
      for (let i = 0, end = 0; i < order.length; i = end) {
        while (end < order.length && values[order[end]] === values[order[i]]) end += 1;
        for (let k = i; k < end; k += 1) result[order[k]] = (i + end - order.length) / 2;
      }
      return result;
    };
    const [a, b] = [ranks(left), ranks(right)];
    const sum = (p, q) => p.reduce((total, value, index) => total + value * q[index], 0);
    return sum(a, b) / Math.sqrt(sum(a, a) * sum(b, b));
  };

  // Returns the correlation as text.
  const correlation = (left, right) => {
    const rank = left.length > 2 ? spearman(left, right) : NaN;
    return Number.isNaN(rank) ? "no rank correlation" : `rank correlation ${rank.toFixed(2)}`;
  };

  // A canvas context that writes what is drawn as paths of SVG.
  class Recorder {
    constructor(parent) {
      Object.assign(this, { parent, path: "", lineWidth: 1, globalAlpha: 1, clips: 0, clipping: null });
    }
    beginPath() { this.path = ""; }
    moveTo(x, y) { this.path += `M${x.toFixed(1)} ${y.toFixed(1)}`; }
    lineTo(x, y) { this.path += `L${x.toFixed(1)} ${y.toFixed(1)}`; }
    rect(x, y, width, height) { this.path += `M${x} ${y}h${width}v${height}h${-width}z`; }
    arc(x, y, r) { this.path += `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`; }
    setLineDash(dash) { this.dash = dash.join(" ") || null; }
    save() {}
    restore() { this.clipping = null; }
    clip() {
      const id = `clip${(this.clips += 1)}`;
      add(add(this.parent, "clipPath", { id }), "path", { d: this.path });
      this.clipping = `url(#${id})`;
    }
    put(attributes) {
      const { path: d, globalAlpha: opacity, clipping } = this;
      if (d) add(this.parent, "path", { d, opacity, "clip-path": clipping, ...attributes });
    }
    stroke() {
      const { strokeStyle: stroke, lineWidth, dash } = this;
      this.put({ fill: "none", stroke, "stroke-width": lineWidth, "stroke-dasharray": dash });
    }
    fill() { this.put({ fill: this.fillStyle }); }
  }

  // Returns the text of an SVG file, with the styles that the page gives to the axes.
  const vector = (figure) => {
    const drawing = document.createElementNS(NAMESPACE, "g");
    figure.render(new Recorder(drawing), true);
    const copy = figure.svg.cloneNode(true);
    const nodes = copy.querySelectorAll("*");
    figure.svg.querySelectorAll("*").forEach((node, index) => {
      const style = getComputedStyle(node);
      for (const key of STYLES) nodes[index].setAttribute(key, style[key]);
    });
    const { width, height } = figure;
    if (figure.options.isAxisAbove) copy.prepend(drawing);
    else copy.append(drawing);
    copy.prepend(add(copy, "rect", { width, height, fill: theme().surface }));
    fill(copy, { xmlns: NAMESPACE, width, height }, []);
    figure.draw();
    return new XMLSerializer().serializeToString(copy);
  };
  const save = (blob, file) => {
    const href = URL.createObjectURL(blob);
    make("a", { href, download: file }).click();
    setTimeout(() => URL.revokeObjectURL(href), 1000);
  };
  const saveSVG = (figure) => save(new Blob([vector(figure)], { type: "image/svg+xml" }), `${figure.options.name}.svg`);
  const savePNG = async (figure) => {
    const image = new Image();
    image.src = `data:image/svg+xml,${encodeURIComponent(vector(figure))}`;
    await image.decode();
    const canvas = make("canvas", { width: figure.width * 2, height: figure.height * 2 });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(blob, `${figure.options.name}.png`));
  };

  const cell = (value) => make("td", {}, name(typeof value === "number" ? Format.number(value) : value ?? ""));
  const table = ({ head, rows, total = rows.length }) => {
    const shown = rows.slice(0, MAX_TABLE_ROWS);
    const caption = shown.length < total ? `The first ${shown.length} of ${total}` : Format.counted(total, "row");
    return make("div", { class: "scroll chart-table", tabindex: "0" }, make("table", {}, make("caption", {}, caption),
      make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, name(text))))),
      make("tbody", {}, ...shown.map((row) => make("tr", {}, ...row.map(cell))))));
  };

  return {
    DASHES, figures, make, add, button, toggle, name, refresh, short, isCategory, categories, result, remember, theme,
    shades, clamp, hasPlace, range, results, isWide, scale, spread, correlation, saveSVG, savePNG, table,
  };
})();
