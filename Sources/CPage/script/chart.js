// The parts that all charts share: elements, theme colours, ranges, tables and image files.
const Chart = (() => {
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const DASHES = [[], [7, 3], [2, 2], [9, 3, 2, 3], [14, 4], [4, 4], [2, 2, 7, 2], [1, 4]];
  const COLOURS = ["surface", "ink", "muted", "faint", "good", "bad"];
  const MAX_TABLE_ROWS = 200;
  // Cividis: Nuñez, Anderton, Renslow, "Optimizing colormaps with consideration for color vision deficiency", 2018.
  const CIVIDIS = "00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838";
  // What a reader may have scrolled.
  const SCROLLED = ".scroll, .list";
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

  // Replaces the controls of a chart. The focus stays at its place, and neither a slider that is dragged, nor a menu that may
  // be open, nor a number that is not entered yet is replaced.
  const refresh = (parent, parts) => {
    const active = [...parent.querySelectorAll("*")].indexOf(document.activeElement);
    if (active >= 0 && document.activeElement.type === "range") {
      parent.querySelector("output").textContent = ` ${document.activeElement.value}`;
      return;
    }
    const { localName, type, value, defaultValue } = document.activeElement;
    if (active >= 0 && (localName === "select" || (type === "number" && value !== defaultValue))) return;
    const words = document.activeElement.textContent;
    const places = [...parent.querySelectorAll(SCROLLED)].map(({ scrollTop, scrollLeft }) => [scrollTop, scrollLeft]);
    parent.replaceChildren(...parts);
    parent.querySelectorAll(SCROLLED).forEach((one, index) => one.scrollTo(places[index]?.[1] ?? 0, places[index]?.[0] ?? 0));
    if (active < 0) return;
    // A button of a count may be at another place, or have another count.
    const all = [...parent.querySelectorAll("*")];
    const plain = (text) => text.replaceAll(/\d+/g, "");
    const same = all.find((one) => one.localName === localName && localName === "button" && plain(one.textContent) === plain(words));
    (same ?? all[active])?.focus();
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
  // Numbers are no categories, also if their distribution is not recorded.
  const isCategory = (column) => !column.isNumeric;
  // Returns a text as charts show it. Whole numbers keep their digits.
  const brief = (text) =>
    (Number.isFinite(Data.numberOf(text)) && !/^-?\d{1,40}$/.test(text) ? Format.number(Data.numberOf(text)) : text);
  const distinct = (column) => remember(column, "distinct", Data.version, () =>
    [...new Set(column.numbers.filter(Number.isFinite))].sort((a, b) => a - b));
  // Returns whether numbers need a log axis, with 0 on a lane: they were drawn log-uniformly, or most of them are near
  // the least one.
  const isLog = (column) => {
    const values = distinct(column);
    const above = values.filter((value) => value > 0);
    if (column.scale === "log" || above.length < 3 || values[0] < 0) return column.scale === "log" && above.length > 0;
    const [low, middle, high] = [above[0], above[(above.length - 1) >> 1], above[above.length - 1]];
    return high / low >= (values[0] > 0 ? 8 : 1000) && middle - low < (high - low) / 4;
  };
  // Returns the values of a column in order if each of them can have a tick; otherwise null.
  const few = (column) => {
    const values = distinct(column);
    const isShort = values.length <= 10 && (values.length <= column.present / 2 || values.every(Number.isInteger));
    return isShort ? values : null;
  };
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
    const stops = CIVIDIS.split(" ").map((hex) => `#${hex}`);
    return theme().isDark ? stops : stops.reverse();
  };
  const renew = () => {
    colours = null;
    for (const figure of figures) figure.draw();
  };
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
    matchMedia(query).addEventListener("change", renew);
  }
  // Draws all charts as wide as paper before a print, during which no frame comes. The listener of the page, which
  // mounts all sections, has to be before this one.
  queueMicrotask(() => ["beforeprint", "afterprint"].forEach((type) => addEventListener(type, () => {
    document.documentElement.classList.toggle("printing", type === "beforeprint");
    renew();
  })));
  State.on((changed) => changed.has("theme") && State.frame(renew));

  // Returns the range of all values, or of most of them if outliers would leave less than a quarter to the others. More
  // values are outliers if they would leave almost nothing to the others. `low` and `high` are the bounds of all values
  // if only some of them are given.
  const range = (values, { isLog = false, low = Infinity, high = -Infinity, part = 0.01 } = {}) => {
    const sorted = Float64Array.from(values).filter((value) => hasPlace(value, isLog)).sort();
    if (!sorted.length) return null;
    const all = { low: Math.min(low, sorted[0]), high: Math.max(high, sorted[sorted.length - 1]) };
    const place = (value) => (isLog ? Math.log10(value) : value / 2);
    const size = place(all.high) - place(all.low);
    for (const [outside, least, ratio] of [[part, 16, 4], [0.1, 8, 40], [0.25, 8, 400]]) {
      const [first, last] = [outside, 1 - outside].map((at) => place(sorted[Math.round(at * (sorted.length - 1))]));
      const most = last - first;
      if (sorted.length < least || most <= 0 || most >= size / ratio) continue;
      return {
        low: first - place(all.low) <= most ? all.low : sorted.find((value) => place(value) >= first - most),
        high: place(all.high) - last <= most ? all.high : sorted.findLast((value) => place(value) <= last + most),
      };
    }
    return all;
  };
  // Returns the nearest value within bounds.
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  // Returns whether a value has a place on an axis.
  const hasPlace = (value, isLog) => Number.isFinite(value) && (!isLog || value > 0);
  // Returns the range of values of the objective. The worst tenth of a search is often far off.
  const results = (values) => {
    const extent = range(values, { part: 0.1 });
    // A result of 0 has no place on a log axis, which the others may need.
    if (!isWide(extent) && extent?.low !== 0) return extent;
    const above = range(values, { part: 0.1, isLog: true });
    return isWide(above) ? above : extent;
  };
  // Returns whether a range needs a log axis.
  const isWide = (extent) => extent !== null && extent.low > 0 && extent.high / extent.low > 1e4;
  // Returns the scale of a range {low, high, isInteger} from one position to another one.
  const scale = ({ low, high, isInteger }, isLog, from, to) =>
    (isLog ? Scale.log : Scale.linear)(low, high, from, to, { isInteger });

  // Returns the positions of labels: near the wanted ones, at least a distance apart, and within bounds.
  const spread = (wanted, distance, low, high) => {
    const places = [...wanted];
    const order = [...wanted.keys()].sort((a, b) => wanted[a] - wanted[b] || a - b);
    let last = low - distance;
    for (const at of order) last = places[at] = Math.max(places[at], last + distance);
    last = high + distance;
    for (const at of order.reverse()) last = places[at] = Math.min(places[at], last - distance);
    return places;
  };

  // Returns Spearman's rank correlation of pairs; nan if one side has equal values only. Ties have their mean rank.
  const spearman = (left, right) => {
    const below = (values) => {
      const sorted = Float64Array.from(values).sort();
      return values.map((value) => Lines.search(sorted, value));
    };
    const ranks = (values) => {
      const above = below(values.map((value) => -value));
      return below(values).map((count, index) => count - above[index]);
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

  const cell = (value) => make("td", {}, name(typeof value === "number" ? Format.number(value) : value ?? ""));
  const table = ({ head, rows, total = rows.length }) => {
    const shown = rows.slice(0, MAX_TABLE_ROWS);
    const caption = shown.length < total ? `The first ${shown.length} of ${total}` : Format.counted(total, "row");
    return make("div", { class: "scroll chart-table", tabindex: "0" }, make("table", {}, make("caption", {}, caption),
      make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, name(text))))),
      make("tbody", {}, ...shown.map((row) => make("tr", {}, ...row.map(cell))))));
  };

  return {
    NAMESPACE, DASHES, figures, fill, make, add, button, toggle, name, refresh, short, isCategory, isLog, few, brief,
    categories, result, remember, theme, shades, clamp, hasPlace, range, results, isWide, scale, spread, correlation,
    table,
  };
})();
